package drug

import (
	"fmt"

	"jingwei/internal/kernel/text"
)

// Problem is what is wrong with a code, a stable word.
type Problem string

// The problems.
const (
	ProblemLength    Problem = "length"
	ProblemCharacter Problem = "character"
	ProblemMissing   Problem = "missing"
	ProblemCheck     Problem = "check-digit"
	ProblemRule      Problem = "rule"
)

// Fault says what is wrong with a code, and where.
type Fault struct {
	Value   string
	At      int // in bytes
	Problem Problem
	Wanted  string
}

// Words tell a person.
func (f *Fault) Words() text.Text {
	switch f.Problem {
	case ProblemLength:
		return text.Text{Zh: "追溯码应为 " + f.Wanted + " 位数字", En: "a supervision code has " + f.Wanted + " digits"}
	case ProblemCharacter:
		return text.Text{Zh: "追溯码只含数字", En: "a supervision code has digits only"}
	case ProblemMissing:
		return text.Text{Zh: "缺少 " + f.Wanted, En: "lacks " + f.Wanted}
	case ProblemCheck:
		return text.Text{Zh: "校验位应为 " + f.Wanted, En: "the check digit should be " + f.Wanted}
	}
	return text.Text{Zh: "规则缺少分组 " + f.Wanted, En: "the rule lacks the group " + f.Wanted}
}

func (f *Fault) Error() string { return fmt.Sprintf("%q [%d]: %s", f.Value, f.At, f.Words().En) }
