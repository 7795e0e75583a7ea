package programme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

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

// Draws are the records of all draws of a round, the first one first: what anybody at the desk needs to draw again.
func (s *Service) Draws(ctx context.Context, id uuid.UUID) ([]DrawRecord, error) {
	_, r, _, err := s.desk(ctx, id, auth.Operate)
	if err != nil {
		return nil, err
	}
	var rows []eventRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("e.round = ? AND e.kind = 'draw'", r.ID).OrderExpr("e.id").Scan(ctx); err != nil {
		return nil, wrap("draws", err)
	}
	out := []DrawRecord{}
	for _, e := range rows {
		d, err := decode[DrawRecord](e.Body)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
