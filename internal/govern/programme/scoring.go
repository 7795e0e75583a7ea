package programme

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

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
