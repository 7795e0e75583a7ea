package programme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
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
