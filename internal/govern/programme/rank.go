package programme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Ranking is a ranking as it was frozen.
type Ranking struct {
	By      string           `json:"by" enum:"raw,adjusted" doc:"What it goes by"`
	Line    int              `json:"line"`
	Places  int              `json:"places"`
	Parts   int              `json:"parts" doc:"More than one: applications of different parts share no reviewer, and their adjusted scores do not compare"`
	List    []RankedCase     `json:"list" nullable:"false"`
	Effects []ReviewerEffect `json:"effects" nullable:"false"`
	Swings  []Swing          `json:"swings" nullable:"false" doc:"Which applications would change sides, and why"`
	Scores  string           `json:"scores" doc:"SHA-256 of the scores that it rests on"`
	Because string           `json:"because,omitempty" doc:"Why an earlier one was made again"`
	Changes []RankChange     `json:"changes,omitempty" doc:"Against the one before"`
	At      time.Time        `json:"at"`
}

// RankedCase is an application in a ranking. Scores are of 100 points, rounded to two places; the order goes by the exact ones.
type RankedCase struct {
	Rank     int               `json:"rank"`
	Case     uuid.UUID         `json:"case" format:"uuid"`
	Title    string            `json:"title"`
	Raw      string            `json:"raw"`
	Adjusted string            `json:"adjusted"`
	Exact    string            `json:"exact" doc:"The adjusted score as a fraction"`
	Criteria map[string]string `json:"criteria"`
	Reviews  int               `json:"reviews"`
	Part     int               `json:"part"`
	Tied     bool              `json:"tied,omitempty"`
	Chosen   bool              `json:"chosen"`
}

// ReviewerEffect is how much more than the others an expert gives.
type ReviewerEffect struct {
	Expert uuid.UUID `json:"expert" format:"uuid"`
	Cases  int       `json:"cases"`
	Effect string    `json:"effect"`
	Part   int       `json:"part"`
}

// RankChange is an application whose place is another than before.
type RankChange struct {
	Case      uuid.UUID `json:"case" format:"uuid"`
	Title     string    `json:"title"`
	From      int       `json:"from"`
	To        int       `json:"to" doc:"0: it has no score any more"`
	WasChosen bool      `json:"wasChosen"`
	IsChosen  bool      `json:"isChosen"`
}

// standing is what counts now of a round's scores.
type standingScores struct {
	scores []Score
	filed  map[uuid.UUID]int64
	titles map[uuid.UUID]string
	open   int // reviews that were not handed in
	bare   []string
}

// counted are the scores that count: handed in, by experts without a conflict as of now. cases are those of the ranking.
func (s *Service) counted(ctx context.Context, db bun.IDB, r *roundRow, c *Call, cases []fileRow) (*standingScores, error) {
	rows, err := s.reviews(ctx, db, r.ID)
	if err != nil {
		return nil, err
	}
	pool, err := s.o.Experts.Experts(ctx, r.Org, field.DateOf(s.o.Now().UnixNano()))
	if err != nil {
		return nil, err
	}
	out := &standingScores{filed: map[uuid.UUID]int64{}, titles: map[uuid.UUID]string{}}
	subject := map[uuid.UUID]uuid.UUID{}
	heard := map[uuid.UUID]bool{}
	for _, f := range cases {
		out.filed[f.CaseID], out.titles[f.CaseID], subject[f.CaseID] = f.Filed, f.Title, f.Subject
	}
	b := s.bar(c)
	for i := range rows {
		v := &rows[i]
		org, in := subject[v.CaseID]
		if !in || v.State != ReviewDrawn && v.State != ReviewScored {
			continue
		}
		found, err := b.conflicts(ctx, expertOf(pool, v), org)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			continue
		}
		if v.State == ReviewDrawn {
			out.open++
			continue
		}
		points, err := decode[map[string]int](v.Points)
		if err != nil {
			return nil, err
		}
		out.scores = append(out.scores, Score{Case: v.CaseID, Expert: v.Expert, Points: points})
		heard[v.CaseID] = true
	}
	for _, f := range cases {
		if !heard[f.CaseID] {
			out.bare = append(out.bare, f.Title)
		}
	}
	return out, nil
}

// maxReviewers bounds the reviewers of one ranking: the model is solved over exact fractions, once for each reviewer left out.
const maxReviewers = 60

func (s *Service) ranking(r *CallReview, x *standingScores) (*Ranking, error) {
	f := r.Fit(x.scores)
	if len(f.Effects) > maxReviewers {
		return nil, ErrRanking.At("body.basis", len(f.Effects)).With("reason", text.Text{Zh: fmt.Sprintf("评审专家超过 %d 位，请分批次评审", maxReviewers), En: fmt.Sprintf("more than %d reviewers; divide the round", maxReviewers)})
	}
	out := &Ranking{By: r.Count, Line: r.Line, Places: r.Places, Parts: f.Parts, List: []RankedCase{}, Effects: []ReviewerEffect{}, Swings: []Swing{}, At: s.o.Now().UTC()}
	for _, p := range r.Rank(f, r.Count, x.filed) {
		v := RankedCase{Rank: p.Rank, Case: p.Case, Title: x.titles[p.Case], Raw: Hundredths(p.Raw), Adjusted: Hundredths(p.Adjusted), Exact: p.Adjusted.RatString(), Criteria: map[string]string{}, Reviews: p.Scores, Part: p.Part, Tied: p.Tied, Chosen: p.Chosen}
		for key, mean := range p.By {
			v.Criteria[key] = Hundredths(mean)
		}
		out.List = append(out.List, v)
	}
	for _, e := range f.Effects {
		out.Effects = append(out.Effects, ReviewerEffect{Expert: e.Expert, Cases: e.Cases, Effect: Hundredths(e.Effect), Part: e.Part})
	}
	out.Swings = append(out.Swings, r.Sensitivity(x.scores, x.filed)...)
	out.Scores = hashScores(x.scores)
	return out, nil
}

// hashScores names scores, whatever their order.
func hashScores(list []Score) string {
	var lines []string
	for _, s := range list {
		b, _ := json.Marshal(s.Points)
		lines = append(lines, s.Case.String()+"|"+s.Expert.String()+"|"+string(b))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// Preview is the ranking as it would be frozen now, from the reviews handed in so far.
func (s *Service) Preview(ctx context.Context, id uuid.UUID) (*Ranking, error) {
	_, r, c, err := s.desk(ctx, id, auth.Operate)
	if err != nil {
		return nil, err
	}
	if r.State == RoundRanked || r.State == RoundPublished {
		return s.frozen(ctx, s.o.DB, r)
	}
	list, err := s.files(ctx, s.o.DB, id, Reviewing)
	if err != nil {
		return nil, err
	}
	x, err := s.counted(ctx, s.o.DB, r, c, list)
	if err != nil {
		return nil, err
	}
	return s.ranking(&c.Review, x)
}

// frozen is the newest ranking of a round. Error: ErrState where there is none.
func (s *Service) frozen(ctx context.Context, db bun.IDB, r *roundRow) (*Ranking, error) {
	e, ok, err := s.last(ctx, db, r.ID, "ranking")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrState.At("path.id", r.ID).With("state", roundNames[r.State]).With("needs", roundNames[RoundRanked])
	}
	return decode[*Ranking](e.Body)
}

// Rank freezes the ranking of a round, once all reviews were handed in. Errors: ErrState, ErrChanged, ErrUnscored, ErrRanking.
func (s *Service) Rank(ctx context.Context, id uuid.UUID, basis int64) (*Ranking, error) {
	scope, r, c, err := s.desk(ctx, id, auth.Configure)
	if err != nil {
		return nil, err
	}
	var out *Ranking
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if r, err = s.round(ctx, tx, id); err != nil {
			return err
		}
		if r.Revision != basis {
			return ErrChanged.At("body.basis", basis)
		}
		if r.State != RoundDrawn {
			return ErrState.At("body.basis", basis).With("state", roundNames[r.State]).With("needs", roundNames[RoundDrawn])
		}
		list, err := s.files(ctx, tx, id, Reviewing)
		if err != nil {
			return err
		}
		x, err := s.counted(ctx, tx, r, c, list)
		if err != nil {
			return err
		}
		if x.open > 0 || len(x.bare) > 0 || len(list) == 0 {
			return ErrUnscored.At("body.basis", basis).With("n", x.open).With("cases", strings.Join(x.bare, "; "))
		}
		if out, err = s.ranking(&c.Review, x); err != nil {
			return err
		}
		r.State = RoundRanked
		if err := s.moved(ctx, tx, r, basis); err != nil {
			return err
		}
		act := scope.Act(ctx, s.o.Now(), "programme.round.rank", audit.Object{Kind: "programme.round", ID: id.String(), Name: r.Name.In("en")}, nil, map[string]any{"scores": out.Scores, "cases": len(out.List)})
		if err := s.note(ctx, tx, nil, r, "ranking", out, act.Actor, s.o.Now().UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	return out, err
}

// rerank makes a ranking again that stands, because a score counts no more, and writes down what has changed.
func (s *Service) rerank(ctx context.Context, tx bun.Tx, r *roundRow, c *Call, by audit.Actor, why map[string]any) error {
	old, err := s.frozen(ctx, tx, r)
	if err != nil {
		return err
	}
	all, err := s.files(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	var list []fileRow
	for _, f := range all {
		if slices.ContainsFunc(old.List, func(x RankedCase) bool { return x.Case == f.CaseID }) {
			list = append(list, f)
		}
	}
	x, err := s.counted(ctx, tx, r, c, list)
	if err != nil {
		return err
	}
	next, err := s.ranking(&c.Review, x)
	if err != nil {
		return err
	}
	next.Because = encode(why)
	at := func(list []RankedCase, id uuid.UUID) RankedCase {
		for _, x := range list {
			if x.Case == id {
				return x
			}
		}
		return RankedCase{}
	}
	for _, was := range old.List {
		if is := at(next.List, was.Case); is.Rank != was.Rank || is.Chosen != was.Chosen {
			next.Changes = append(next.Changes, RankChange{Case: was.Case, Title: was.Title, From: was.Rank, To: is.Rank, WasChosen: was.Chosen, IsChosen: is.Chosen})
		}
	}
	if err := s.note(ctx, tx, nil, r, "ranking", next, by, s.o.Now().UnixNano()); err != nil {
		return err
	}
	return s.moved(ctx, tx, r, r.Revision)
}
