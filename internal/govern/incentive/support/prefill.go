package support

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Enterprise is what the register of enterprises says of one.
type Enterprise struct {
	Org      uuid.UUID
	Name     text.Text
	Code     string // unified social credit code
	Region   string // GB/T 2260, or ""
	Industry string // GB/T 4754, or ""
	Size     string // large, medium, small, micro, or ""
	Tags     []string
	Revenue  *int64 // fen
	Staff    *int64
}

// Enterprises tells who an organisation is; false where it is not in the register.
type Enterprises interface {
	Enterprise(ctx context.Context, org uuid.UUID, day string) (Enterprise, bool, error)
	// All hands out the enterprises of the register that an organisation keeps, in order.
	All(ctx context.Context, keeper uuid.UUID, day string, each func(Enterprise) error) error
}

// Proof is a business fact of an enterprise.
type Proof struct {
	ID     uuid.UUID
	Grade  string
	Since  string // day on which it begins
	Record field.Record
}

// Facts are the business facts of an enterprise that hold on a day, as the caller may see them; where are conditions field=value.
type Facts interface {
	Proofs(ctx context.Context, org uuid.UUID, kind string, where []string, day string) ([]Proof, error)
}

// division is the two-digit division of an industry code such as C3670 or 36; "" where it has none.
func division(code string) string {
	code = strings.TrimLeft(code, "ABCDEFGHIJKLMNOPQRST")
	if len(code) < 2 {
		return ""
	}
	return code[:2]
}

// fromRegister is what the register says of a fact. Being in the register documents it: E1.
func (r *FromRoll) fromRegister(f *incentive.Fact, e *Enterprise) (Answer, bool) {
	var words []string
	switch r.Field {
	case "size":
		words = []string{e.Size}
	case "industry":
		words = []string{e.Industry}
	case "region":
		words = []string{e.Region}
	case "tags":
		words = e.Tags
	case "revenue", "employees":
		n := e.Revenue
		if r.Field == "employees" {
			n = e.Staff
		}
		if n == nil || *n < 0 {
			return nil, false
		}
		return canonical(*n), true
	}
	if r.Field != "tags" && (words[0] == "" || words[0] == "unknown") {
		return nil, false
	}
	var gives []string
	for _, m := range r.Values {
		known := slices.ContainsFunc(f.Options, func(o incentive.Option) bool { return o.ID == m.Gives })
		hit := slices.ContainsFunc(words, func(w string) bool {
			d := division(w)
			return m.Is != "" && w == m.Is || m.From != "" && d != "" && d >= m.From && d <= m.To
		})
		if hit && known {
			gives = append(gives, m.Gives)
		}
	}
	switch {
	case f.Type == "set" && len(gives) > 0:
		return canonical(gives), true
	case f.Type == "choice" && len(gives) > 0:
		return canonical(gives[0]), true
	case f.Type == "choice" && r.Else != "":
		return canonical(r.Else), true
	case f.Type == "bool" && len(gives) > 0:
		return canonical(true), true
	}
	return nil, false // that it is not in the list proves nothing
}

// fromProofs is what business facts say of a fact, with the lowest grade of those that it rests on.
func (p *FromFact) fromProofs(f *incentive.Fact, list []Proof, object string) (Known, bool) {
	k := Known{Fact: f.Key, Grade: "E3", Source: "fact"}
	var sum int64
	var items []amount
	used := 0
	slices.SortStableFunc(list, func(a, b Proof) int { return cmp.Compare(a.Since, b.Since) })
	for _, x := range list {
		if name, _ := x.Record["project"].(string); p.Project && ObjectOf(name) != object {
			continue
		}
		money, _ := x.Record[p.Field].(int64)
		day, _ := x.Record[p.Date].(string)
		switch p.Take {
		case "sum":
			sum += money
		case "latest":
			sum, k.Grade = money, "E3"
		case "amounts":
			items = append(items, amount{day, fen(money)})
		}
		used++
		k.Grade, k.Document = min(k.Grade, x.Grade), x.ID.String()
	}
	if used == 0 {
		return k, false
	}
	switch {
	case p.Take == "amounts":
		k.Value = canonical(items)
	case p.Take != "value":
		k.Value = canonical(sum)
	case f.Type == "bool":
		k.Value = canonical(true)
	default:
		var gives []string
		for _, g := range p.Gives {
			if slices.ContainsFunc(f.Options, func(o incentive.Option) bool { return o.ID == g }) {
				gives = append(gives, g)
			}
		}
		if len(gives) == 0 {
			return k, false
		}
		if k.Value = canonical(gives); f.Type == "choice" {
			k.Value = canonical(gives[0])
		}
	}
	return k, true
}

// put keeps the better proved of two; an answer that says something else is kept beside it.
func put(m map[string]Known, k Known) {
	old, ok := m[k.Fact]
	if !ok {
		m[k.Fact] = k
		return
	}
	better, other := old, k
	if k.Grade > old.Grade {
		better, other = k, old
	}
	if other.Source == "answer" && string(compact(other.Value)) != string(compact(better.Value)) {
		better.Declared = other.Value
	}
	m[k.Fact] = better
}

func compact(a Answer) []byte {
	var v any
	if json.Unmarshal(a, &v) != nil {
		return a
	}
	return canonical(v)
}
