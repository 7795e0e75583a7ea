package checkup

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("check-ups")

// CheckupView is a check-up as it is told.
type CheckupView struct {
	ID         uuid.UUID         `json:"id" format:"uuid"`
	Org        uuid.UUID         `json:"org" format:"uuid"`
	Instrument string            `json:"instrument"`
	Name       text.Text         `json:"name"`
	Family     string            `json:"family"`
	Version    string            `json:"version"`
	Day        string            `json:"day" format:"date"`
	State      State             `json:"state" enum:"open,submitted,withdrawn"`
	Profile    map[string]string `json:"profile,omitempty"`
	Quotes     Quotes            `json:"quotes"`
	Campaign   *uuid.UUID        `json:"campaign,omitempty" format:"uuid"`
	Copied     *uuid.UUID        `json:"copied,omitempty" format:"uuid" doc:"Whose answers it began with"`
	By         audit.Actor       `json:"by"`
	At         time.Time         `json:"at"`
	EditedAt   time.Time         `json:"editedAt"`
	EndedBy    *audit.Actor      `json:"endedBy,omitempty"`
	EndedAt    *time.Time        `json:"endedAt,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Standing   *CheckupStanding  `json:"standing,omitempty" doc:"Of a submitted one"`
	Digest     string            `json:"digest,omitempty" doc:"SHA-256 of the result's canonical bytes"`
}

// CheckupStanding is a submitted check-up in a line.
type CheckupStanding struct {
	Level        int           `json:"level" doc:"As declared"`
	LevelName    text.Text     `json:"levelName"`
	Points       assess.Points `json:"points"`
	Proven       int           `json:"proven" doc:"As evidenced by E1 and above"`
	ProvenName   text.Text     `json:"provenName"`
	ProvenPoints assess.Points `json:"provenPoints"`
}

func (s *Service) view(ctx context.Context, c *Checkup) (CheckupView, error) {
	x, err := s.instrument(ctx, c.Instrument, c.Hash)
	if err != nil {
		return CheckupView{}, err
	}
	return viewOf(c, x), nil
}

func viewOf(c *Checkup, x *assess.Instrument) CheckupView {
	v := CheckupView{ID: c.ID, Org: c.Org, Instrument: c.Instrument, Name: x.Name, Family: c.Family, Version: c.Version, Day: c.Day, State: c.State, Profile: c.Profile, Quotes: c.Quotes, By: c.By,
		At: time.Unix(0, c.At).UTC(), EditedAt: time.Unix(0, c.EditedAt).UTC(), EndedBy: c.EndedBy, EndedAt: store.Instant(c.EndedAt), Reason: c.Reason, Digest: c.Digest}
	if c.Campaign != uuid.Nil {
		v.Campaign = &c.Campaign
	}
	if c.Copied != uuid.Nil {
		v.Copied = &c.Copied
	}
	if c.State == Submitted {
		v.Standing = &CheckupStanding{c.Level, x.LevelName(c.Level), c.Points, c.Proven, x.LevelName(c.Proven), c.ProvenAt}
	}
	return v
}

// CheckupAnswer is what stands for a question.
type CheckupAnswer struct {
	Question  string         `json:"question"`
	Revision  int64          `json:"revision" doc:"To be sent as basis with the next one"`
	Answer    *assess.Answer `json:"answer,omitempty"`
	Unknown   bool           `json:"unknown,omitempty" doc:"It was said that it is not known"`
	Documents []Paper        `json:"documents" nullable:"false"`
	Note      string         `json:"note,omitempty"`
	By        audit.Actor    `json:"by"`
	At        time.Time      `json:"at"`
}

func answerView(a *Answered) CheckupAnswer {
	v := CheckupAnswer{a.Question, a.Revision, a.Answer, a.Unknown, a.Papers, a.Note, a.By, time.Unix(0, a.At).UTC()}
	if v.Documents == nil {
		v.Documents = []Paper{}
	}
	return v
}

// CheckupDetail is a check-up with its instrument and answers.
type CheckupDetail struct {
	Checkup CheckupView           `json:"checkup"`
	Form    assess.InstrumentForm `json:"form"`
	Answers []CheckupAnswer       `json:"answers" nullable:"false"`
}

// CheckupOutcome is how a check-up stands.
type CheckupOutcome struct {
	Checkup CheckupView     `json:"checkup"`
	Result  *assess.Result  `json:"result"`
	Filled  []assess.Filled `json:"filled" nullable:"false" doc:"What the plant answered, beside what was declared"`
	Facts   []assess.Known  `json:"facts" nullable:"false" doc:"What the plant shows, and what that rests on"`
	Done    int             `json:"done" doc:"Questions of which something is said or measured"`
	Of      int             `json:"of" doc:"Questions that apply, as far as is known"`
	Open    []string        `json:"open" nullable:"false"`
	Same    bool            `json:"same,omitempty" doc:"Of a submitted one: computed again it is the same, byte for byte"`
}

// CheckupRequest begins a check-up.
type CheckupRequest struct {
	Org        uuid.UUID         `json:"org" format:"uuid"`
	Instrument string            `json:"instrument" maxLength:"100"`
	Profile    map[string]string `json:"profile,omitempty"`
	Campaign   *uuid.UUID        `json:"campaign,omitempty" format:"uuid" doc:"That calls for it: its organisation sees level and points once it is submitted"`
	Copy       *uuid.UUID        `json:"copy,omitempty" format:"uuid" doc:"A submitted check-up whose answers to begin with"`
}

// CheckupAnswerRequest is what is said of one question: exactly one of answer, unknown and clear.
type CheckupAnswerRequest struct {
	Basis     int64               `json:"basis" minimum:"0" doc:"The revision that you saw; 0 for none"`
	Answer    *CheckupAnswerInput `json:"answer,omitempty"`
	Unknown   bool                `json:"unknown,omitempty" doc:"Do not know"`
	Clear     bool                `json:"clear,omitempty" doc:"Nothing is said any more"`
	Documents []PaperRequest      `json:"documents,omitempty" maxItems:"20" nullable:"false"`
	Note      string              `json:"note,omitempty" maxLength:"4000"`
}

// PaperRequest names a document that proves an answer.
type PaperRequest struct {
	ID      string   `json:"id" maxLength:"80" doc:"sha256: and 64 hex digits, of a document that was handed in"`
	Options []string `json:"options,omitempty" maxItems:"100" nullable:"false" doc:"Of a multi: which options it proves; all without them"`
}

// CheckupAnswerInput is an answer without its grade, which follows from documents.
type CheckupAnswerInput struct {
	Choice        string   `json:"choice,omitempty" maxLength:"100" doc:"single: the option; yesno: yes or no; ladder: the step"`
	Choices       []string `json:"choices,omitempty" maxItems:"100" nullable:"false" doc:"multi: what is had"`
	None          bool     `json:"none,omitempty" doc:"multi: nothing of it"`
	Number        string   `json:"number,omitempty" maxLength:"30" doc:"number, percentage: a decimal"`
	Part          *int64   `json:"part,omitempty" doc:"percentage by counting: part of of"`
	Of            *int64   `json:"of,omitempty"`
	NotApplicable bool     `json:"notApplicable,omitempty"`
}

func (a *CheckupAnswerInput) answer() *assess.Answer {
	if a == nil {
		return nil
	}
	out := &assess.Answer{Choice: a.Choice, None: a.None, Number: a.Number, Part: a.Part, Of: a.Of, NotApplicable: a.NotApplicable}
	for _, o := range a.Choices {
		out.Choices = append(out.Choices, assess.Picked{Option: o})
	}
	return out
}

type checkupOutput struct{ Body CheckupView }

func (s *Service) one(ctx context.Context, c Checkup, err error) (*checkupOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := s.view(ctx, &c)
	return &checkupOutput{v}, err
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	a.Texts(assess.TextFiles())
	s.instrumentRoutes(a)
	s.checkupRoutes(a)
	s.resultRoutes(a)
	s.expertRoutes(a)
	s.campaignRoutes(a)
}

func (s *Service) instrumentRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listInstruments", "/instruments", "Instruments of check-ups"),
		func(ctx context.Context, in *struct {
			On string `query:"on" maxLength:"10" doc:"Only those in force on this day"`
		}) (*api.List[assess.InstrumentForm], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			var out []assess.InstrumentForm
			for _, x := range s.Instruments() {
				if in.On == "" || x.InForce(in.On) {
					out = append(out, x.Form())
				}
			}
			return api.Listed(out, ""), nil
		})
}

func (s *Service) checkupRoutes(a *api.Server) {
	type begin struct{ Body CheckupRequest }
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "beginCheckup", "/checkups", "Begin a check-up; where a campaign is answered already, that check-up is returned")),
		func(ctx context.Context, in *begin) (*checkupOutput, error) {
			b := &in.Body
			c, err := s.Begin(ctx, Begin{Org: b.Org, Instrument: b.Instrument, Profile: b.Profile, Campaign: api.OrNil(b.Campaign), Copy: api.OrNil(b.Copy)})
			return s.one(ctx, c, err)
		})
	type list struct {
		Org    uuid.UUID `query:"org" format:"uuid" doc:"Without it all that you may see"`
		Family string    `query:"family" maxLength:"100"`
		State  string    `query:"state" enum:"open,submitted,withdrawn"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listCheckups", "/checkups", "Check-ups, those begun last first"),
		func(ctx context.Context, in *list) (*api.List[CheckupView], error) {
			items, next, err := s.List(ctx, Filter{Org: in.Org, Family: in.Family, State: State(in.State)}, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]CheckupView, len(items))
			for i := range items {
				if out[i], err = s.view(ctx, &items[i]); err != nil {
					return nil, err
				}
			}
			return api.Listed(out, next), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getCheckup", "/checkups/{id}", "A check-up with its questions and answers"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body CheckupDetail }, error) {
			c, answers, err := s.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			x, err := s.instrument(ctx, c.Instrument, c.Hash)
			if err != nil {
				return nil, err
			}
			return &struct{ Body CheckupDetail }{CheckupDetail{viewOf(&c, x), x.Form(), store.All(answers, answerView)}}, nil
		})
	type answer struct {
		api.ByID
		Question string `path:"question" maxLength:"100"`
		Body     CheckupAnswerRequest
	}
	op := tag.Operation(http.MethodPut, "answerQuestion", "/checkups/{id}/answers/{question}", "Save what is said of one question")
	op.Description = "May be sent again and again: the same answer on the same basis is saved once. Its grade follows from the documents that are named: E1 with one, E0 without."
	api.Register(a, op, func(ctx context.Context, in *answer) (*struct{ Body CheckupAnswer }, error) {
		b := &in.Body
		y := Saying{Basis: b.Basis, Answer: b.Answer.answer(), Unknown: b.Unknown, Clear: b.Clear, Note: b.Note}
		for _, p := range b.Documents {
			y.Papers = append(y.Papers, Paper{ID: p.ID, Options: p.Options})
		}
		got, err := s.Answer(ctx, in.ID, in.Question, y)
		if err != nil {
			return nil, err
		}
		return &struct{ Body CheckupAnswer }{answerView(&got)}, nil
	})
	type profile struct {
		api.ByID
		Body struct {
			Profile map[string]string `json:"profile"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "setCheckupProfile", "/checkups/{id}/profile", "Say which traits the enterprise has, on which it depends what is asked"),
		func(ctx context.Context, in *profile) (*checkupOutput, error) {
			c, err := s.SetProfile(ctx, in.ID, in.Body.Profile)
			return s.one(ctx, c, err)
		})
	api.Register(a, tag.Operation(http.MethodPost, "submitCheckup", "/checkups/{id}/submission", "Submit a check-up: answers, facts of the plant and result are frozen"),
		func(ctx context.Context, in *api.ByID) (*checkupOutput, error) {
			c, err := s.Submit(ctx, in.ID)
			return s.one(ctx, c, err)
		})
	type withdraw struct {
		api.ByID
		Body ReasonRequest
	}
	api.Register(a, tag.Operation(http.MethodPost, "withdrawCheckup", "/checkups/{id}/withdrawal", "Withdraw a check-up that is not submitted"),
		func(ctx context.Context, in *withdraw) (*checkupOutput, error) {
			c, err := s.Withdraw(ctx, in.ID, in.Body.Reason)
			return s.one(ctx, c, err)
		})
	type paper struct {
		api.ByID
		Document string `path:"document" maxLength:"80"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "getCheckupDocument", "/checkups/{id}/documents/{document}", "A document that proves an answer")),
		func(ctx context.Context, in *paper) (*fileOutput, error) {
			return file(s.Paper(ctx, in.ID, in.Document))
		})
}

// ReasonRequest gives a reason.
type ReasonRequest struct {
	Reason string `json:"reason" maxLength:"4000"`
}

func knownOrEmpty(list []assess.Known) []assess.Known {
	if list == nil {
		return []assess.Known{}
	}
	return list
}

// rawResult reads a frozen result.
func rawResult(b []byte) (*assess.Result, error) {
	if len(b) == 0 {
		return nil, nil
	}
	r := &assess.Result{}
	return r, json.Unmarshal(b, r)
}
