package incentive

import "fmt"

// Trit is a truth value of three: what is not known yet is neither true nor false.
type Trit uint8

// The order makes Kleene's "and" the least and "or" the greatest of its terms.
const (
	False Trit = iota
	Unknown
	True
)

func (t Trit) not() Trit { return True - t }

// String is "false", "unknown" or "true".
func (t Trit) String() string { return [...]string{"false", "unknown", "true"}[t] }

// MarshalText writes the name.
func (t Trit) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the name.
func (t *Trit) UnmarshalText(b []byte) error {
	for _, v := range []Trit{False, Unknown, True} {
		if v.String() == string(b) {
			*t = v
			return nil
		}
	}
	return fmt.Errorf("%q is not true, false or unknown", b)
}

func tritOf(b bool) Trit {
	if b {
		return True
	}
	return False
}

// Grade is how well a fact is evidenced. A higher grade satisfies a demand for a lower one. The numbers are those of
// kernel/fact, so that one converts into the other; the type is here so that the rules need no store.
type Grade uint8

// Grades: declared by the enterprise, documented, checked by a third party, measured by the platform.
const (
	E0 Grade = iota
	E1
	E2
	E3
)

var gradeNames = [...]string{"E0", "E1", "E2", "E3"}

// ParseGrade reads E0 to E3.
func ParseGrade(s string) (Grade, error) {
	for i, n := range gradeNames {
		if n == s {
			return Grade(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no grade; use E0 (declared), E1 (documented), E2 (checked by a third party) or E3 (measured)", s)
}

// String is "E0" to "E3".
func (g Grade) String() string { return gradeNames[min(g, E3)] }

// MarshalText writes the name.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }
