package fact

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
)

// Tally asks for counts and sums of facts of one kind. All sums are exact.
type Tally struct {
	Filter
	Sum      string // a number field; "" for counts alone
	Distinct string // a field whose different values are counted
	By       string // year, quarter, month, day, grade, org, or a field; "" for one group
}

// Group is one line of a tally.
type Group struct {
	Key      string
	Count    int64
	Sum      *big.Int // in whole units of the field: fen, last places of a decimal
	Distinct int64

	seen map[string]struct{}
}

// Tallied is the answer, in order of the keys.
type Tallied struct {
	Groups []Group
	Total  Group
	Places int    // of the sum
	Unit   string // of the field; "fen" for money
	Commit uint64 // as of which it was counted
}

// maxGroups bounds an answer.
const maxGroups = 10_000

var periods = []string{"year", "quarter", "month", "day", "grade", "org"}

// Tally counts and sums facts that the caller may see.
func (s *Service) Tally(ctx context.Context, t Tally) (Tallied, error) {
	r, err := s.reach(ctx, t.Org)
	if err != nil {
		return Tallied{}, err
	}
	return s.tally(ctx, r, r.lowest(), t)
}

// TallyFor is Tally under a scope, of all kinds and fields: for rooms that work out indicators, and decide themselves what they tell.
func (s *Service) TallyFor(ctx context.Context, scope auth.Scope, t Tally) (Tallied, error) {
	return s.tally(ctx, reach{change: scope}, field.Restricted, t)
}

func (s *Service) tally(ctx context.Context, r reach, upTo field.Class, t Tally) (out Tallied, err error) {
	k, err := s.kind(t.Kind, "query.kind")
	if err != nil {
		return out, err
	}
	// A list gives a fact several values, and a tally would count it as often.
	searchable := slices.DeleteFunc(s.searchable(k, upTo), func(key string) bool { return strings.Contains(key, ".") })
	sum := k.Fields.Field(t.Sum)
	wrong := func(at, key string) error {
		return ErrTally.At("query."+at, key).With("fields", strings.Join(append(slices.Clone(periods), searchable...), ", "))
	}
	switch {
	case t.Sum != "" && (!contains(searchable, t.Sum) || !sum.Summable()):
		return out, wrong("sum", t.Sum)
	case t.Distinct != "" && !contains(searchable, t.Distinct):
		return out, wrong("distinct", t.Distinct)
	case t.By != "" && !contains(periods, t.By) && !contains(searchable, t.By):
		return out, wrong("by", t.By)
	}
	if out.Commit, _, err = s.Newest(ctx); err != nil {
		return out, err
	}
	if !t.AsOf.IsZero() {
		commit, err := commitAt(ctx, s.o.DB, t.AsOf)
		if err != nil {
			return out, err
		}
		out.Commit = uint64(commit)
	}
	q := r.where(s.o.DB.NewSelect().Model((*revisionRow)(nil))).ColumnExpr("r.since, r.grade, r.org")
	q = q.Where("r.commit_number <= ? AND r.superseded > ?", int64(out.Commit), int64(out.Commit))
	byField := ""
	if t.By != "" && !contains(periods, t.By) {
		byField = t.By
	}
	for _, c := range []struct{ alias, column, key string }{{"vs", "number", t.Sum}, {"vd", "word", t.Distinct}, {"vb", "word", byField}} {
		none := "''"
		if c.column == "number" {
			none = "0"
		}
		if c.key == "" {
			q = q.ColumnExpr(none)
			continue
		}
		q = q.ColumnExpr("COALESCE("+c.alias+"."+c.column+", "+none+")").
			Join("LEFT JOIN fact_value AS "+c.alias+" ON "+c.alias+".revision = r.id AND "+c.alias+".field = ?", c.key)
	}
	if q, err = s.filter(q, t.Filter, upTo); err != nil {
		return out, err
	}
	rows, err := q.Rows(ctx)
	if err != nil {
		return out, wrap("count facts", err)
	}
	defer rows.Close()
	groups := map[string]*Group{}
	total := newGroup("")
	for rows.Next() {
		var since, grade, number int64
		var org, distinct, by string
		if err := rows.Scan(&since, &grade, &org, &number, &distinct, &by); err != nil {
			return out, wrap("count facts", err)
		}
		key := groupKey(t.By, by, since, Grade(grade), org)
		g := groups[key]
		if g == nil {
			if len(groups) == maxGroups {
				return out, wrong("by", t.By)
			}
			g = newGroup(key)
			groups[key] = g
		}
		for _, g := range []*Group{g, total} {
			g.add(number, distinct)
		}
	}
	if err := rows.Err(); err != nil {
		return out, wrap("count facts", err)
	}
	for _, g := range groups {
		out.Groups = append(out.Groups, g.done(t))
	}
	slices.SortFunc(out.Groups, func(a, b Group) int { return strings.Compare(a.Key, b.Key) })
	out.Total = total.done(t)
	if sum != nil {
		out.Places, out.Unit = sum.Places, sum.Unit
		if sum.Type == field.Money {
			out.Unit = "fen"
		}
	}
	return out, nil
}

func newGroup(key string) *Group {
	return &Group{Key: key, Sum: new(big.Int), seen: map[string]struct{}{}}
}

func (g *Group) add(number int64, distinct string) {
	g.Count++
	g.Sum.Add(g.Sum, big.NewInt(number))
	if distinct != "" {
		g.seen[distinct] = struct{}{}
	}
}

func (g *Group) done(t Tally) Group {
	out := Group{Key: g.Key, Count: g.Count, Distinct: int64(len(g.seen))}
	if t.Sum != "" {
		out.Sum = g.Sum
	}
	return out
}

// groupKey is the group of a fact: its period in Chinese civil time by when it began, its grade, its organisation, or a field.
func groupKey(by, word string, since int64, grade Grade, org string) string {
	day := time.Unix(0, since).In(field.China)
	switch by {
	case "":
		return ""
	case "year":
		return day.Format("2006")
	case "quarter":
		return fmt.Sprintf("%04dQ%d", day.Year(), (int(day.Month())+2)/3)
	case "month":
		return day.Format("2006-01")
	case "day":
		return day.Format(time.DateOnly)
	case "grade":
		return grade.String()
	case "org":
		if id, err := uuid.Parse(org); err == nil {
			return id.String()
		}
	}
	return word
}

// Text writes a sum with the places of its field.
func (t *Tallied) Text(sum *big.Int) string {
	if sum == nil {
		return ""
	}
	s := new(big.Int).Abs(sum).String()
	if t.Places > 0 {
		if len(s) <= t.Places {
			s = strings.Repeat("0", t.Places-len(s)+1) + s
		}
		s = s[:len(s)-t.Places] + "." + s[len(s)-t.Places:]
	}
	if sum.Sign() < 0 {
		s = "-" + s
	}
	return s
}
