package programme

import (
	"slices"
	"strings"

	"jingwei/internal/kernel/text"
)

// Profile is what is known of an enterprise.
type Profile struct {
	Name       text.Text
	CreditCode string
	Industry   string // GB/T 4754, such as C36 or 3670
	Region     string // GB/T 2260
	Size       string // large, medium, small, micro; else not known
	Tags       []string
	Employees  *int64
	Revenue    *int64 // fen
	Assets     *int64 // fen
}

// WhoStanding says how an enterprise stands to one condition.
type WhoStanding struct {
	ID     string    `json:"id"`
	Text   text.Text `json:"text"`
	Clause string    `json:"clause"`
	Holds  string    `json:"holds" enum:"true,false,unknown"`
	Found  string    `json:"found,omitempty" doc:"What the register says"`
}

// The three values of a condition.
const (
	yes     = "true"
	no      = "false"
	unknown = "unknown"
)

// May tells whether an enterprise may apply, condition by condition. registered is whether the register of enterprises knows it; of one
// that it does not know nothing else is known. The whole is false where one condition is, else unknown where one is.
func (c *Call) May(p Profile, registered bool) (whole string, list []WhoStanding) {
	whole = yes
	for i := range c.Who {
		w := &c.Who[i]
		s := WhoStanding{ID: w.ID, Text: w.Text, Clause: w.Clause}
		s.Holds, s.Found = w.holds(&p, registered)
		switch {
		case s.Holds == no:
			whole = no
		case s.Holds == unknown && whole == yes:
			whole = unknown
		}
		list = append(list, s)
	}
	return whole, list
}

func (w *CallCondition) holds(p *Profile, registered bool) (string, string) {
	if w.Field == "registered" {
		if registered {
			return yes, p.CreditCode
		}
		return no, ""
	}
	if !registered {
		return unknown, ""
	}
	words := map[string]string{"size": p.Size, "industry": p.Industry, "region": p.Region}
	numbers := map[string]*int64{"employees": p.Employees, "revenue": p.Revenue, "assets": p.Assets}
	if n, ok := numbers[w.Field]; ok {
		if n == nil {
			return unknown, ""
		}
		return told(!(w.AtLeast != nil && *n < *w.AtLeast) && !(w.AtMost != nil && *n > *w.AtMost)), decimalOf(*n)
	}
	if w.Field == "tags" {
		found := strings.Join(p.Tags, ", ")
		return told(slices.ContainsFunc(p.Tags, func(t string) bool { return slices.Contains(w.In, t) })), found
	}
	v := words[w.Field]
	if v == "" || w.Field == "size" && (v == unknown || v == "not-classed") {
		return unknown, v
	}
	if len(w.In) > 0 {
		return told(slices.Contains(w.In, v)), v
	}
	return told(slices.ContainsFunc(w.Begins, func(b string) bool { return strings.HasPrefix(v, b) })), v
}

func told(b bool) string {
	if b {
		return yes
	}
	return no
}
