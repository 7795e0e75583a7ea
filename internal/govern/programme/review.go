package programme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

// The states of a review.
const (
	ReviewDrawn    = "drawn"
	ReviewScored   = "scored"
	ReviewDeclined = "declined"
	ReviewConflict = "conflict"
)

var reviewNames = map[string]text.Text{
	ReviewDrawn: {Zh: "待评审", En: "to be scored"}, ReviewScored: {Zh: "已评分", En: "scored"}, ReviewDeclined: {Zh: "已谢绝", En: "declined"}, ReviewConflict: {Zh: "回避", En: "stepped back"},
}

// bar works out conflicts of interest, and remembers what it has looked up while it works.
type bar struct {
	s          *Service
	since      string
	applicants map[uuid.UUID]*Applicant
	ties       map[[2]uuid.UUID][]Tie
}

func (s *Service) bar(c *Call) *bar {
	since := s.o.Now().In(field.China).AddDate(-c.Review.Years, 0, 0).Format("2006-01-02")
	return &bar{s: s, since: since, applicants: map[uuid.UUID]*Applicant{}, ties: map[[2]uuid.UUID][]Tie{}}
}

func (b *bar) conflicts(ctx context.Context, e *Expert, subject uuid.UUID) ([]ExpertConflict, error) {
	a := b.applicants[subject]
	if a == nil {
		p, _, err := b.s.o.Parties.Profile(ctx, subject, field.DateOf(b.s.o.Now().UnixNano()))
		if err != nil {
			return nil, err
		}
		people, err := b.s.o.Parties.Contacts(ctx, subject)
		if err != nil {
			return nil, err
		}
		a = &Applicant{Org: subject, CreditCode: p.CreditCode, Contacts: people}
		b.applicants[subject] = a
	}
	key := [2]uuid.UUID{e.EmployerOrg, subject}
	ties, known := b.ties[key]
	if !known && e.EmployerOrg != uuid.Nil && e.EmployerOrg != subject {
		var err error
		if ties, err = b.s.o.Parties.Ties(ctx, e.EmployerOrg, subject); err != nil {
			return nil, err
		}
		b.ties[key] = ties
	}
	return Conflicts(e, a, ties, b.since), nil
}

// expertOf is the expert of a review as the register has him now; one who has left it is known by what the draw knew.
func expertOf(pool []Expert, v *reviewRow) *Expert {
	for i := range pool {
		if pool[i].ID == v.Expert {
			return &pool[i]
		}
	}
	return &Expert{ID: v.Expert, Person: store.ID(v.Person), Employer: v.Employer}
}

// EndFiling ends the time of filing before its day, with a reason.
func (s *Service) EndFiling(ctx context.Context, id uuid.UUID, basis int64, reason string) (CallRound, error) {
	scope, r, c, err := s.desk(ctx, id, auth.Configure)
	if err != nil {
		return CallRound{}, err
	}
	if err := checkWords("reason", text.Text{Zh: "理由", En: "reason"}, reason); err != nil {
		return CallRound{}, err
	}
	now := s.o.Now()
	if !r.takes(now.UnixNano()) {
		return CallRound{}, ErrState.At("body.basis", basis).With("state", roundNames[r.State]).With("needs", roundNames[RoundOpen])
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if r, err = s.round(ctx, tx, id); err != nil {
			return err
		}
		before := r.Closes
		r.Closes = field.DateOf(now.Add(-24 * time.Hour).UnixNano())
		if err := s.moved(ctx, tx, r, basis); err != nil {
			return err
		}
		act := scope.Act(ctx, now, "programme.round.close", audit.Object{Kind: "programme.round", ID: id.String(), Name: r.Name.In("en")}, map[string]any{"closes": before}, map[string]any{"closes": r.Closes})
		act.Reason = reason
		if err := s.note(ctx, tx, nil, r, "close", map[string]any{"reason": reason}, act.Actor, now.UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	if err != nil {
		return CallRound{}, err
	}
	return s.roundView(ctx, r, c)
}

// Draw draws the experts of all applications of a round that have passed the formal check, and reveals the seed. Errors: ErrState while
// applications are taken or checked, ErrShort, ErrChanged.
func (s *Service) Draw(ctx context.Context, id uuid.UUID, basis int64) (CallRound, error) {
	scope, r, c, err := s.desk(ctx, id, auth.Configure)
	if err != nil {
		return CallRound{}, err
	}
	now := s.o.Now()
	if r.Revision != basis {
		return CallRound{}, ErrChanged.At("body.basis", basis)
	}
	if r.State != RoundOpen {
		return CallRound{}, ErrState.At("body.basis", basis).With("state", roundNames[r.State]).With("needs", roundNames[RoundOpen])
	}
	if r.takes(now.UnixNano()) {
		return CallRound{}, ErrState.At("body.basis", basis).With("state", roundNames[RoundOpen]).With("needs", text.Text{Zh: "申报已截止（" + r.Closes + "）", En: "the last day of filing is over (" + r.Closes + ")"})
	}
	pool, err := s.o.Experts.Experts(ctx, r.Org, field.DateOf(now.UnixNano()))
	if err != nil {
		return CallRound{}, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if r, err = s.round(ctx, tx, id); err != nil {
			return err
		}
		open, err := s.files(ctx, tx, id, Submitted, Returned)
		if err != nil {
			return err
		}
		list, err := s.files(ctx, tx, id, Reviewing)
		if err != nil {
			return err
		}
		if len(open) > 0 || len(list) == 0 {
			return ErrState.At("body.basis", basis).With("state", text.Text{Zh: fmt.Sprintf("%d 件在形式审查或补正，%d 件待评审", len(open), len(list)), En: fmt.Sprintf("%d under formal check, %d to be reviewed", len(open), len(list))}).
				With("needs", text.Text{Zh: "形式审查全部办结，且有待评审的申报", En: "all formal checks done, and something to review"})
		}
		in := DrawInput{Rule: DrawRule, Seed: r.Seed, Each: c.Review.Experts, Fields: append([]string{}, c.Review.Fields...), Experts: drawable(pool)}
		b := s.bar(c)
		for _, f := range list {
			d := DrawnFor{ID: f.CaseID, Wants: c.Review.Experts}
			if d.Bar, err = barred(ctx, b, pool, f.Subject); err != nil {
				return err
			}
			in.Cases = append(in.Cases, d)
		}
		r.State, r.Drawn = RoundDrawn, now.UnixNano()
		if err := s.moved(ctx, tx, r, basis); err != nil {
			return err
		}
		return s.drawn(ctx, tx, scope, r, c, in, pool, "draw")
	})
	if err != nil {
		return CallRound{}, err
	}
	return s.roundView(ctx, r, c)
}

func drawable(pool []Expert) (out []DrawnFrom) {
	for _, e := range pool {
		out = append(out, DrawnFrom{ID: e.ID, Employer: e.Employer, Fields: append([]string{}, e.Fields...)})
	}
	slices.SortFunc(out, func(a, b DrawnFrom) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return out
}

// barred are the experts who must not judge an applicant, each with the kinds of conflict.
func barred(ctx context.Context, b *bar, pool []Expert, subject uuid.UUID) (map[uuid.UUID][]string, error) {
	out := map[uuid.UUID][]string{}
	for i := range pool {
		list, err := b.conflicts(ctx, &pool[i], subject)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			out[pool[i].ID] = append(out[pool[i].ID], c.Kind)
		}
	}
	return out, nil
}

// drawn draws, and writes who was drawn with the record by which anybody can draw again.
func (s *Service) drawn(ctx context.Context, tx bun.Tx, scope auth.Scope, r *roundRow, c *Call, in DrawInput, pool []Expert, occasion string) error {
	result, short := Draw(in)
	if len(short) > 0 {
		var zh []string
		for _, x := range short {
			f, err := s.file(ctx, tx, x.Case)
			if err != nil {
				return err
			}
			zh = append(zh, fmt.Sprintf("%s %d/%d", f.Title, x.Has, x.Want))
		}
		return ErrShort.At("body.basis", r.Revision).With("cases", strings.Join(zh, "; "))
	}
	now := s.o.Now()
	last, err := s.o.Flows.Calendar().Last(workday.DayOf(now.UnixNano()), workday.Period{N: c.Review.Days, Unit: "working"})
	if err != nil {
		return err
	}
	var rows []reviewRow
	for _, d := range result {
		e := expertOf(pool, &reviewRow{Expert: d.Expert})
		rows = append(rows, reviewRow{ID: uuid.Must(uuid.NewV7()), Round: r.ID, Org: r.Org, CaseID: d.Case, Expert: d.Expert, Person: store.Word(e.Person), Employer: e.Employer, Place: int64(d.Place), State: ReviewDrawn, Points: "{}", Due: last.Day.String(), At: now.UnixNano(), Revision: 1})
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return wrap("write who was drawn", err)
	}
	record := DrawRecord{Commitment: r.Commitment, Input: in, Result: result, Occasion: occasion}
	act := scope.Act(ctx, now, "programme.experts.draw", audit.Object{Kind: "programme.round", ID: r.ID.String(), Name: r.Name.In("en")}, nil, map[string]any{"occasion": occasion, "reviews": len(rows), "rule": DrawRule})
	if err := s.note(ctx, tx, nil, r, "draw", record, act.Actor, now.UnixNano()); err != nil {
		return err
	}
	return audit.Record(ctx, tx, act)
}

// replace draws one more expert for a case in place of one who is out. Where nobody is left the place stays empty and the desk is told.
func (s *Service) replace(ctx context.Context, tx bun.Tx, scope auth.Scope, r *roundRow, c *Call, f *fileRow) error {
	pool, err := s.o.Experts.Experts(ctx, r.Org, field.DateOf(s.o.Now().UnixNano()))
	if err != nil {
		return err
	}
	all, err := s.reviews(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	d := DrawnFor{ID: f.CaseID, Wants: 1}
	if d.Bar, err = barred(ctx, s.bar(c), pool, f.Subject); err != nil {
		return err
	}
	in := DrawInput{Rule: DrawRule, Seed: r.Seed, Each: c.Review.Experts, Fields: append([]string{}, c.Review.Fields...), Experts: drawable(pool)}
	load := map[uuid.UUID]int{}
	for _, v := range all {
		live := v.State == ReviewDrawn || v.State == ReviewScored
		if live {
			load[v.Expert]++
		}
		if v.CaseID != f.CaseID {
			continue
		}
		if live {
			d.Holds = append(d.Holds, v.Expert)
		} else {
			d.Bar[v.Expert] = append(d.Bar[v.Expert], v.State)
		}
	}
	for i := range in.Experts {
		in.Experts[i].Load = load[in.Experts[i].ID]
	}
	in.Cases = []DrawnFor{d}
	err = s.drawn(ctx, tx, scope, r, c, in, pool, "replacement")
	if errors.Is(err, ErrShort) {
		return s.note(ctx, tx, f, r, "warning", map[string]any{"text": text.Text{Zh: "没有可补抽的专家", En: "there is no expert to draw in place"}}, auth.ActorOf(scope.Principal()), s.o.Now().UnixNano())
	}
	return err
}

// ReviewLine is a review as the desk of a round sees it.
type ReviewLine struct {
	ID        uuid.UUID        `json:"id" format:"uuid"`
	Expert    uuid.UUID        `json:"expert" format:"uuid" doc:"Entry of the register"`
	Name      string           `json:"name"`
	State     string           `json:"state" enum:"drawn,scored,declined,conflict"`
	StateName text.Text        `json:"stateName"`
	Reason    string           `json:"reason,omitempty"`
	Points    map[string]int   `json:"points,omitempty" doc:"Of one that was handed in and counts"`
	Total     string           `json:"total,omitempty"`
	Opinion   string           `json:"opinion,omitempty"`
	Due       string           `json:"due" format:"date"`
	Counts    bool             `json:"counts"`
	Conflicts []ExpertConflict `json:"conflicts,omitempty"`
}

// lines are the reviews of a round by case. A score counts only if it was handed in and its expert has no conflict as of now.
func (s *Service) lines(ctx context.Context, r *roundRow, c *Call) (map[uuid.UUID][]ReviewLine, error) {
	rows, err := s.reviews(ctx, s.o.DB, r.ID)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	pool, err := s.o.Experts.Experts(ctx, r.Org, field.DateOf(s.o.Now().UnixNano()))
	if err != nil {
		return nil, err
	}
	files, err := s.files(ctx, s.o.DB, r.ID)
	if err != nil {
		return nil, err
	}
	subject := map[uuid.UUID]uuid.UUID{}
	for _, f := range files {
		subject[f.CaseID] = f.Subject
	}
	b := s.bar(c)
	out := map[uuid.UUID][]ReviewLine{}
	for i := range rows {
		v := &rows[i]
		e := expertOf(pool, v)
		line := ReviewLine{ID: v.ID, Expert: v.Expert, Name: e.Name, State: v.State, StateName: reviewNames[v.State], Reason: v.Reason, Due: v.Due}
		if line.Conflicts, err = b.conflicts(ctx, e, subject[v.CaseID]); err != nil {
			return nil, err
		}
		if line.Counts = v.State == ReviewScored && len(line.Conflicts) == 0; line.Counts {
			if line.Points, err = decode[map[string]int](v.Points); err != nil {
				return nil, err
			}
			line.Total, line.Opinion = Hundredths(c.Review.Total(line.Points)), v.Opinion
		}
		out[v.CaseID] = append(out[v.CaseID], line)
	}
	return out, nil
}

// MyReview is a case as an expert sees it: of a blind review without anything that tells who applies.
type MyReview struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Call      text.Text       `json:"call"`
	Round     text.Text       `json:"round"`
	Title     string          `json:"title"`
	Applicant text.Text       `json:"applicant,omitzero" doc:"Absent of a blind review"`
	Blind     bool            `json:"blind"`
	State     string          `json:"state" enum:"drawn,scored,declined,conflict"`
	StateName text.Text       `json:"stateName"`
	Open      bool            `json:"open" doc:"Scores can be changed"`
	Due       string          `json:"due" format:"date"`
	Fields    []ShownField    `json:"fields" nullable:"false"`
	Papers    []flowDocument  `json:"papers" nullable:"false"`
	Criteria  []CallCriterion `json:"criteria" nullable:"false"`
	Scale     int             `json:"scale"`
	Points    map[string]int  `json:"points"`
	Opinion   string          `json:"opinion"`
	Total     string          `json:"total,omitempty"`
	Revision  int64           `json:"revision"`
}

// ShownField is one field of an application in words.
type ShownField struct {
	Name  text.Text `json:"name"`
	Value text.Text `json:"value"`
}

// mine finds a review of the caller's own, with its case; one with a conflict is not found by him. verb is what he wants to do; it is
// asked for nothing else, because reviewers have no role in the organisation.
func (s *Service) mine(ctx context.Context, db bun.IDB, id uuid.UUID) (v *reviewRow, f *fileRow, r *roundRow, c *Call, err error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	v = new(reviewRow)
	if err = db.NewSelect().Model(v).Where("v.id = ? AND v.person = ?", id, p.ID.String()).Scan(ctx); err != nil {
		return nil, nil, nil, nil, wrap("review "+id.String(), err)
	}
	if f, err = s.file(ctx, db, v.CaseID); err != nil {
		return nil, nil, nil, nil, err
	}
	if r, err = s.round(ctx, db, v.Round); err != nil {
		return nil, nil, nil, nil, err
	}
	if c, err = s.callOf(ctx, db, r); err != nil {
		return nil, nil, nil, nil, err
	}
	pool, err := s.o.Experts.Experts(ctx, r.Org, field.DateOf(s.o.Now().UnixNano()))
	if err != nil {
		return nil, nil, nil, nil, err
	}
	found, err := s.bar(c).conflicts(ctx, expertOf(pool, v), f.Subject)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if len(found) > 0 || v.State == ReviewConflict || v.State == ReviewDeclined {
		return nil, nil, nil, nil, fmt.Errorf("review %s: %w", id, store.ErrNotFound)
	}
	return v, f, r, c, nil
}

// open tells whether a review can still be changed: before its round is ranked, while its case is under review.
func (v *reviewRow) open(r *roundRow, f *fileRow) bool {
	return r.State == RoundDrawn && f.State == Reviewing && (v.State == ReviewDrawn || v.State == ReviewScored)
}

// MyReviews are the caller's, the newest first; those with a conflict are not among them.
func (s *Service) MyReviews(ctx context.Context) ([]MyReview, error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return nil, err
	}
	var rows []reviewRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("v.person = ?", p.ID.String()).OrderExpr("v.id DESC").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, wrap("reviews", err)
	}
	out := []MyReview{}
	for i := range rows {
		v, err := s.MyReview(ctx, rows[i].ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// MyReview is one of the caller's. Error: store.ErrNotFound, also where there is a conflict.
func (s *Service) MyReview(ctx context.Context, id uuid.UUID) (MyReview, error) {
	v, f, r, c, err := s.mine(ctx, s.o.DB, id)
	if err != nil {
		return MyReview{}, err
	}
	return s.myView(ctx, v, f, r, c)
}

func (s *Service) myView(ctx context.Context, v *reviewRow, f *fileRow, r *roundRow, c *Call) (MyReview, error) {
	name, err := s.o.Parties.Name(ctx, f.Subject)
	if err != nil {
		return MyReview{}, err
	}
	out := MyReview{ID: v.ID, Call: c.Name, Round: r.Name, Title: f.Title, Blind: c.Review.Blind, State: v.State, StateName: reviewNames[v.State], Open: v.open(r, f), Due: v.Due, Fields: []ShownField{}, Papers: []flowDocument{},
		Criteria: c.Review.Criteria, Scale: c.Review.Scale, Opinion: v.Opinion, Revision: v.Revision}
	hide := func(s string) string { return s }
	if c.Review.Blind {
		hide = masker(name)
		out.Title = hide(out.Title)
	} else {
		out.Applicant = name
	}
	record, err := s.recordOf(f, c)
	if err != nil {
		return out, err
	}
	shown := append(field.Schema{{Key: "summary", Name: both("项目简介", "Summary"), Type: field.Text}}, c.Fields...)
	for i := range shown {
		x := &shown[i]
		value, ok := record[x.Key]
		if !ok || c.Review.Blind && (slices.Contains(c.Review.Hides, x.Key) || x.Type == field.Org) {
			continue
		}
		out.Fields = append(out.Fields, ShownField{Name: text.Text{Zh: x.Heading("zh"), En: x.Heading("en")}, Value: text.Text{Zh: hide(x.Cell(value, "zh")), En: hide(x.Cell(value, "en"))}})
	}
	docs, err := decode[[]flowDocument](f.Documents)
	if err != nil {
		return out, err
	}
	for _, d := range docs {
		for _, p := range c.Papers {
			if p.ID == d.Kind && (p.Review || !c.Review.Blind) {
				out.Papers = append(out.Papers, flowDocument{Kind: d.Kind, ID: d.ID, Name: p.Name.Zh})
			}
		}
	}
	if out.Points, err = decode[map[string]int](v.Points); err == nil && v.State == ReviewScored {
		out.Total = Hundredths(c.Review.Total(out.Points))
	}
	return out, err
}

// masker takes the names of an organisation out of a text. It does not find what people write otherwise: the papers of a blind review
// are the applicant's to keep free of names.
func masker(name text.Text) func(string) string {
	var pairs []string
	for _, n := range []string{name.Zh, name.En} {
		if utf8.RuneCountInString(n) >= 2 {
			pairs = append(pairs, n, "〔申报单位〕")
		}
		short := n
		for _, tail := range []string{"股份有限公司", "有限责任公司", "有限公司", "集团", "公司"} {
			short = strings.TrimSuffix(short, tail)
		}
		if utf8.RuneCountInString(short) >= 3 && short != n {
			pairs = append(pairs, short, "〔申报单位〕")
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// ReviewPaper opens a paper of a case for its reviewer. Error: store.ErrNotFound.
func (s *Service) ReviewPaper(ctx context.Context, id uuid.UUID, paper string) (name, media string, data []byte, err error) {
	v, f, r, c, err := s.mine(ctx, s.o.DB, id)
	if err != nil {
		return "", "", nil, err
	}
	shown, err := s.myView(ctx, v, f, r, c)
	if err != nil {
		return "", "", nil, err
	}
	if s.o.Papers == nil || !slices.ContainsFunc(shown.Papers, func(d flowDocument) bool { return d.ID == paper }) {
		return "", "", nil, fmt.Errorf("paper %s: %w", paper, store.ErrNotFound)
	}
	return s.o.Papers.Open(ctx, f.Subject, paper)
}

// Scoring is what an expert gives.
type Scoring struct {
	Basis   int64          `json:"basis"`
	Points  map[string]int `json:"points" doc:"By criterion"`
	Opinion string         `json:"opinion" maxLength:"4000"`
	Submit  bool           `json:"submit" doc:"Hand it in; without it, it is kept as a draft"`
}

// Score keeps scores as a draft, or hands them in. Errors: store.ErrNotFound, ErrChanged, ErrReviewed, ErrScore, ErrField.
func (s *Service) Score(ctx context.Context, id uuid.UUID, in Scoring) (MyReview, error) {
	var out MyReview
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		v, f, r, c, err := s.mine(ctx, tx, id)
		if err != nil {
			return err
		}
		if !v.open(r, f) || v.State == ReviewScored && !in.Submit {
			return ErrReviewed.At("body.basis", in.Basis).With("state", reviewNames[v.State])
		}
		if v.Revision != in.Basis {
			return ErrChanged.At("body.basis", in.Basis)
		}
		points := map[string]int{}
		for _, k := range c.Review.Criteria {
			n, given := in.Points[k.ID]
			if given && (n < 0 || n > c.Review.Scale) || !given && in.Submit {
				var value any = n
				if !given {
					value = ""
				}
				return ErrScore.At("body.points."+k.ID, value).With("name", k.Name).With("max", c.Review.Scale)
			}
			if given {
				points[k.ID] = n
			}
		}
		for key, n := range in.Points {
			if _, ok := points[key]; !ok {
				return ErrScore.At("body.points."+key, n).With("name", key).With("max", c.Review.Scale)
			}
		}
		if in.Submit {
			if err := checkWords("opinion", text.Text{Zh: "评审意见", En: "opinion"}, in.Opinion); err != nil {
				return err
			}
			v.State = ReviewScored
		}
		now := s.o.Now()
		v.Points, v.Opinion, v.At, v.Revision = encode(points), in.Opinion, now.UnixNano(), in.Basis+1
		if err := s.reviewed(ctx, tx, v, in.Basis); err != nil {
			return err
		}
		if in.Submit {
			p, _ := auth.Need(ctx)
			act := auth.System(r.Org).Act(ctx, now, "programme.review.score", audit.Object{Kind: "programme.review", ID: id.String()}, nil, map[string]any{"case": f.CaseID, "revision": v.Revision})
			act.Actor, act.Via = auth.ActorOf(p), p.Via
			if err := audit.Record(ctx, tx, act); err != nil {
				return err
			}
		}
		out, err = s.myView(ctx, v, f, r, c)
		return err
	})
	return out, err
}

func (s *Service) reviewed(ctx context.Context, tx bun.IDB, v *reviewRow, basis int64) error {
	res, err := tx.NewUpdate().Model(v).WherePK().Where("revision = ?", basis).Exec(ctx)
	if err != nil {
		return wrap("write a review", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrChanged.At("body.basis", basis)
	}
	return nil
}

// StepBack takes the caller out of a review: he declines, or declares a conflict of interest, at any time before the award. Somebody
// else is drawn in his place while the round is under review; a score that he gave counts no more, and a ranking that stands is
// made again. Errors: store.ErrNotFound, ErrField.
func (s *Service) StepBack(ctx context.Context, id uuid.UUID, conflict bool, reason string) error {
	if err := checkWords("reason", text.Text{Zh: "理由", En: "reason"}, reason); err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		v, f, r, c, err := s.mine(ctx, tx, id)
		if err != nil {
			return err
		}
		p, err := auth.Need(ctx)
		if err != nil {
			return err
		}
		state := ReviewDeclined
		if conflict {
			state = ReviewConflict
		} else if !v.open(r, f) || v.State == ReviewScored {
			return ErrReviewed.At("body.reason", reason).With("state", reviewNames[v.State])
		}
		return s.out(ctx, tx, p, v, f, r, c, state, reason)
	})
}

// Dismiss takes an expert out whose conflict the desk has learned of.
func (s *Service) Dismiss(ctx context.Context, id uuid.UUID, reason string) error {
	if _, err := auth.Need(ctx); err != nil {
		return err
	}
	if err := checkWords("reason", text.Text{Zh: "理由", En: "reason"}, reason); err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		v := new(reviewRow)
		if err := tx.NewSelect().Model(v).Where("v.id = ?", id).Scan(ctx); err != nil {
			return wrap("review "+id.String(), err)
		}
		scope, r, c, err := s.desk(ctx, v.Round, auth.Configure)
		if err != nil {
			return err
		}
		f, err := s.file(ctx, tx, v.CaseID)
		if err != nil {
			return err
		}
		if v.State == ReviewConflict {
			return ErrReviewed.At("body.reason", reason).With("state", reviewNames[v.State])
		}
		return s.out(ctx, tx, scope.Principal(), v, f, r, c, ReviewConflict, reason)
	})
}

func (s *Service) out(ctx context.Context, tx bun.Tx, p auth.Principal, v *reviewRow, f *fileRow, r *roundRow, c *Call, state, reason string) error {
	now := s.o.Now()
	was := v.State
	v.State, v.Reason, v.At, v.Revision = state, reason, now.UnixNano(), v.Revision+1
	if err := s.reviewed(ctx, tx, v, v.Revision-1); err != nil {
		return err
	}
	act := auth.System(r.Org).Act(ctx, now, "programme.review.leave", audit.Object{Kind: "programme.review", ID: v.ID.String()}, map[string]any{"state": was}, map[string]any{"state": state, "case": f.CaseID})
	act.Actor, act.Via, act.Reason = auth.ActorOf(p), p.Via, reason
	if err := audit.Record(ctx, tx, act); err != nil {
		return err
	}
	if err := s.note(ctx, tx, f, r, "review-left", map[string]any{"review": v.ID, "was": was, "state": state}, audit.Actor{Kind: "expert"}, now.UnixNano()); err != nil {
		return err
	}
	scope := auth.System(r.Org)
	if r.State == RoundDrawn && f.State == Reviewing {
		return s.replace(ctx, tx, scope, r, c, f)
	}
	if was == ReviewScored && (r.State == RoundRanked || r.State == RoundPublished) {
		return s.rerank(ctx, tx, r, c, auth.ActorOf(p), map[string]any{"review": v.ID, "state": state})
	}
	return nil
}

const maxWords = 4000

// checkWords wants a text of 2 to 4000 characters.
func checkWords(at string, name text.Text, s string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(s)); n < 2 || n > maxWords || !utf8.ValidString(s) {
		return ErrField.At("body."+at, s).With("name", name).With("reason", text.Text{Zh: "请填写 2 至 4000 个字", En: "2 to 4000 characters are needed"})
	}
	return nil
}
