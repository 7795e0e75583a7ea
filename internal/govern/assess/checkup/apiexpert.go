package checkup

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// ExpertCheckView is an expert check as it is told.
type ExpertCheckView struct {
	ID         uuid.UUID     `json:"id" format:"uuid"`
	Checkup    uuid.UUID     `json:"checkup" format:"uuid"`
	Org        uuid.UUID     `json:"org" format:"uuid" doc:"Who is checked up"`
	OrgName    text.Text     `json:"orgName"`
	Expert     uuid.UUID     `json:"expert" format:"uuid" doc:"The organisation that checks"`
	ExpertName text.Text     `json:"expertName"`
	Person     string        `json:"person,omitempty" doc:"Who of it alone may"`
	Asker      uuid.UUID     `json:"asker" format:"uuid"`
	State      State         `json:"state" enum:"asked,accepted,declined,finished,ended"`
	Due        string        `json:"due,omitempty" format:"date"`
	Note       string        `json:"note,omitempty"`
	AskedBy    audit.Actor   `json:"askedBy"`
	AskedAt    time.Time     `json:"askedAt"`
	Conflict   string        `json:"conflict,omitempty" doc:"The conflict of interest that was declared"`
	DeclaredBy *audit.Actor  `json:"declaredBy,omitempty"`
	DeclaredAt *time.Time    `json:"declaredAt,omitempty"`
	EndedBy    *audit.Actor  `json:"endedBy,omitempty"`
	EndedAt    *time.Time    `json:"endedAt,omitempty"`
	Reason     string        `json:"reason,omitempty"`
	Level      int           `json:"level,omitempty" doc:"Of a finished one: as evidenced by E2 and above"`
	Points     assess.Points `json:"points,omitempty"`
	Digest     string        `json:"digest,omitempty"`
}

func (s *Service) expertView(ctx context.Context, e *ExpertCheck) (ExpertCheckView, error) {
	v := ExpertCheckView{ID: e.ID, Checkup: e.Checkup, Org: e.Org, Expert: e.Expert, Person: e.Person, Asker: e.Asker, State: e.State, Due: e.Due, Note: e.Note, AskedBy: e.AskedBy,
		AskedAt: time.Unix(0, e.AskedAt).UTC(), Conflict: e.Conflict, DeclaredBy: e.DeclaredBy, DeclaredAt: store.Instant(e.DeclaredAt), EndedBy: e.EndedBy, EndedAt: store.Instant(e.EndedAt),
		Reason: e.Reason, Level: e.Level, Points: e.Points, Digest: e.Digest}
	for to, id := range map[*text.Text]uuid.UUID{&v.OrgName: e.Org, &v.ExpertName: e.Expert} {
		f, err := s.o.Firms.Firm(ctx, id, s.today())
		if err != nil {
			return v, err
		}
		*to = f.Name
	}
	return v, nil
}

// VerdictView is what an expert says of one answer.
type VerdictView struct {
	Question string         `json:"question"`
	Revision int64          `json:"revision"`
	Verdict  string         `json:"verdict" enum:"confirmed,otherwise,unjudged"`
	Answer   *assess.Answer `json:"answer,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	By       audit.Actor    `json:"by"`
	At       time.Time      `json:"at"`
}

func verdictView(j *Judged) VerdictView {
	return VerdictView{j.Question, j.Revision, j.Verdict, j.Answer, j.Reason, j.By, time.Unix(0, j.At).UTC()}
}

// ExpertCheckDesk is an expert check with what the expert works with. Until it was declared that there is no conflict of interest there are
// no answers in it.
type ExpertCheckDesk struct {
	Check    ExpertCheckView       `json:"check"`
	Checkup  CheckupView           `json:"checkup"`
	Form     assess.InstrumentForm `json:"form"`
	Answers  []CheckupAnswer       `json:"answers" nullable:"false"`
	Verdicts []VerdictView         `json:"verdicts" nullable:"false"`
	Filled   []assess.Filled       `json:"filled" nullable:"false"`
	Facts    []assess.Known        `json:"facts" nullable:"false"`
	Result   *assess.Result        `json:"result,omitempty"`
}

type expertOutput struct{ Body ExpertCheckView }

func (s *Service) oneExpert(ctx context.Context, e ExpertCheck, err error) (*expertOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := s.expertView(ctx, &e)
	return &expertOutput{v}, err
}

func (s *Service) expertRoutes(a *api.Server) {
	type ask struct {
		api.ByID
		Body struct {
			By     uuid.UUID `json:"by" format:"uuid" doc:"Who asks: the enterprise, or the organisation of its campaign"`
			Expert string    `json:"expert" maxLength:"30" doc:"Credit code of the organisation that shall check"`
			Person string    `json:"person,omitempty" maxLength:"100" doc:"Login of who alone may; anybody who works there without it"`
			Due    string    `json:"due,omitempty" format:"date"`
			Note   string    `json:"note,omitempty" maxLength:"4000"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "askExpert", "/checkups/{id}/experts", "Ask another organisation to check a submitted check-up")),
		func(ctx context.Context, in *ask) (*expertOutput, error) {
			b := &in.Body
			e, err := s.AskExpert(ctx, Request{Checkup: in.ID, By: b.By, Expert: b.Expert, Person: b.Person, Due: b.Due, Note: b.Note})
			return s.oneExpert(ctx, e, err)
		})
	type list struct {
		Org     uuid.UUID `query:"org" format:"uuid" doc:"That it concerns: as enterprise, expert or asker"`
		Checkup uuid.UUID `query:"checkup" format:"uuid"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listExpertChecks", "/expert-checks", "Expert checks, those asked last first"),
		func(ctx context.Context, in *list) (*api.List[ExpertCheckView], error) {
			items, next, err := s.Experts(ctx, ExpertFilter{Org: in.Org, Checkup: in.Checkup}, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]ExpertCheckView, len(items))
			for i := range items {
				if out[i], err = s.expertView(ctx, &items[i]); err != nil {
					return nil, err
				}
			}
			return api.Listed(out, next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getExpertCheck", "/expert-checks/{id}", "An expert check with answers, verdicts and the result with them"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body ExpertCheckDesk }, error) {
			d, err := s.ExpertDesk(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			v := ExpertCheckDesk{Checkup: viewOf(&d.Checkup, d.Form), Form: d.Form.Form(), Answers: store.All(d.Answers, answerView), Verdicts: store.All(d.Verdicts, verdictView),
				Filled: []assess.Filled{}, Facts: []assess.Known{}, Result: d.Result}
			if d.Result != nil {
				v.Filled, v.Facts = d.Filled, knownOrEmpty(d.Checkup.Facts)
			}
			if d.Check.State == Finished && d.Result != nil {
				if v.Result, err = rawResult(d.Check.Result); err != nil {
					return nil, err
				}
			}
			v.Check, err = s.expertView(ctx, &d.Check)
			return &struct{ Body ExpertCheckDesk }{v}, err
		})
	type declare struct {
		api.ByID
		Body struct {
			Conflict bool   `json:"conflict" doc:"Whether there is a conflict of interest; with one the check is declined"`
			Reason   string `json:"reason,omitempty" maxLength:"4000"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "declareConflict", "/expert-checks/{id}/declaration", "Declare whether there is a conflict of interest"),
		func(ctx context.Context, in *declare) (*expertOutput, error) {
			e, err := s.Declare(ctx, in.ID, in.Body.Conflict, in.Body.Reason)
			return s.oneExpert(ctx, e, err)
		})
	type judge struct {
		api.ByID
		Question string `path:"question" maxLength:"100"`
		Body     struct {
			Basis   int64               `json:"basis" minimum:"0"`
			Verdict string              `json:"verdict" enum:"confirmed,otherwise,unjudged"`
			Answer  *CheckupAnswerInput `json:"answer,omitempty" doc:"How it is instead"`
			Reason  string              `json:"reason,omitempty" maxLength:"4000"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "judgeAnswer", "/expert-checks/{id}/verdicts/{question}", "Confirm an answer, or say how it is and why"),
		func(ctx context.Context, in *judge) (*struct{ Body VerdictView }, error) {
			b := &in.Body
			j, err := s.Judge(ctx, in.ID, in.Question, Verdict{Basis: b.Basis, Verdict: b.Verdict, Answer: b.Answer.answer(), Reason: b.Reason})
			if err != nil {
				return nil, err
			}
			return &struct{ Body VerdictView }{verdictView(&j)}, nil
		})
	type finish struct {
		api.ByID
		Body struct {
			Note string `json:"note,omitempty" maxLength:"4000"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "finishExpertCheck", "/expert-checks/{id}/completion", "Finish an expert check: what is judged has grade E2, and the result is frozen"),
		func(ctx context.Context, in *finish) (*expertOutput, error) {
			e, err := s.Finish(ctx, in.ID, in.Body.Note)
			return s.oneExpert(ctx, e, err)
		})
	type end struct {
		api.ByID
		Body ReasonRequest
	}
	api.Register(a, tag.Operation(http.MethodPost, "endExpertCheck", "/expert-checks/{id}/end", "Take a check-up away from an expert, at once"),
		func(ctx context.Context, in *end) (*expertOutput, error) {
			e, err := s.EndExpert(ctx, in.ID, in.Body.Reason)
			return s.oneExpert(ctx, e, err)
		})
	type paper struct {
		api.ByID
		Document string `path:"document" maxLength:"80"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "getExpertDocument", "/expert-checks/{id}/documents/{document}", "A document that proves an answer, for the expert")),
		func(ctx context.Context, in *paper) (*fileOutput, error) {
			return file(s.ExpertPaper(ctx, in.ID, in.Document))
		})
}
