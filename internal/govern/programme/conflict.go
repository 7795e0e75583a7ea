package programme

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// Expert is somebody of the register of experts.
type Expert struct {
	ID          uuid.UUID  `json:"id"` // of the entry
	Person      uuid.UUID  `json:"-"`  // who signs in
	Name        string     `json:"-"`
	Employer    string     `json:"employer"` // credit code
	EmployerOrg uuid.UUID  `json:"-"`        // where it is an organisation of this node
	Fields      []string   `json:"fields"`
	Relations   []Relation `json:"-"`
}

// Relation is a tie to an enterprise that an expert has declared beforehand.
type Relation struct {
	CreditCode string
	Kind       string
}

// Applicant is who filed a case.
type Applicant struct {
	Org        uuid.UUID
	CreditCode string
	Contacts   []uuid.UUID // people who act for it
}

// Tie is something between the employer of an expert and an applicant that this node knows of: ownership, a contact, a contract.
type Tie struct {
	Kind string `json:"kind"` // owner, contact, contract
	On   string `json:"on,omitempty"`
}

// The kinds of conflict.
const (
	SameEmployer = "employer"
	Ownership    = "ownership"
	Contact      = "contact"
	Contract     = "contract"
	SamePerson   = "person"
	Related      = "relation"
	Self         = "declared"
)

// ExpertConflict is why an expert must not judge a case.
type ExpertConflict struct {
	Kind string    `json:"kind"`
	Name text.Text `json:"name"`
	Note string    `json:"note,omitempty"`
}

var conflictNames = map[string]text.Text{
	SameEmployer: {Zh: "受聘于申报单位", En: "is employed by the applicant"},
	Ownership:    {Zh: "任职单位与申报单位有控股关系", En: "the employer owns or is owned by the applicant"},
	Contact:      {Zh: "任职单位近年与申报单位有对接往来", En: "the employer was in contact with the applicant in these years"},
	Contract:     {Zh: "任职单位近年与申报单位有合同", En: "the employer had a contract with the applicant in these years"},
	SamePerson:   {Zh: "本人是申报单位的人员", En: "acts for the applicant"},
	Related:      {Zh: "已登记的利害关系", En: "a relation is on the register"},
	Self:         {Zh: "本人声明回避", En: "has declared a conflict"},
}

// Conflicts are all reasons for which an expert must not judge an applicant's case; none where he may. A tie counts if it is from a
// day since which ties are conflicts, or has no day. since is a civil day.
func Conflicts(e *Expert, a *Applicant, ties []Tie, since string) (out []ExpertConflict) {
	add := func(kind, note string) {
		c := ExpertConflict{kind, conflictNames[kind], note}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	code := func(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }
	if e.EmployerOrg != uuid.Nil && e.EmployerOrg == a.Org || code(e.Employer) != "" && code(e.Employer) == code(a.CreditCode) {
		add(SameEmployer, "")
	}
	if e.Person != uuid.Nil && slices.Contains(a.Contacts, e.Person) {
		add(SamePerson, "")
	}
	for _, r := range e.Relations {
		if code(r.CreditCode) != "" && code(r.CreditCode) == code(a.CreditCode) {
			add(Related, r.Kind)
		}
	}
	for _, t := range ties {
		if t.On == "" || t.On >= since {
			add(t.Kind, t.On)
		}
	}
	slices.SortFunc(out, func(x, y ExpertConflict) int { return strings.Compare(x.Kind+"|"+x.Note, y.Kind+"|"+y.Note) })
	return out
}
