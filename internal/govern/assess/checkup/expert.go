package checkup

import (
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
)

// States of an expert check. Asked and accepted ones are on the expert's desk.
const (
	Asked    State = "asked"
	Accepted State = "accepted" // it was declared that there is no conflict of interest
	Declined State = "declined" // a conflict was declared, or there is no time
	Finished State = "finished"
	Ended    State = "ended" // the enterprise or the asker has ended it
)

// Checked is the grade of what an expert has judged.
const Checked = assess.E2

// ExpertCheck is a check of a submitted check-up by another organisation.
type ExpertCheck struct {
	ID         uuid.UUID
	Checkup    uuid.UUID
	Org        uuid.UUID // who is checked up
	Expert     uuid.UUID // the organisation that checks
	Person     string    // login of who of it alone may; "" for anybody who works there
	Asker      uuid.UUID
	State      State
	Due        string
	Note       string
	AskedBy    audit.Actor
	AskedAt    int64
	Conflict   string
	DeclaredBy *audit.Actor
	DeclaredAt int64
	EndedBy    *audit.Actor
	EndedAt    int64
	Reason     string
	Result     []byte
	Digest     string
	Level      int
	Points     assess.Points
}

// live tells whether the expert may still see the check-up.
func (e *ExpertCheck) live() bool {
	return e.State == Asked || e.State == Accepted || e.State == Finished
}

// Verdicts on an answer.
const (
	Confirmed = "confirmed" // it is as the enterprise says
	Otherwise = "otherwise" // it is not; Answer says how it is, Reason why
	Unjudged  = "unjudged"  // taken back
)

// verdict is what a revision of a verdict holds.
type verdict struct {
	Verdict string         `json:"verdict"`
	Answer  *assess.Answer `json:"answer,omitempty"`
	Reason  string         `json:"reason,omitempty"`
}

// Judged is what stands for one question.
type Judged struct {
	Question string
	Revision int64
	verdict
	By audit.Actor
	At int64
}

// judgedSheet is a check-up's sheet with what an expert has judged in place of what was declared; the rest stays as it was.
func judgedSheet(s *assess.Sheet, list []Judged, check uuid.UUID) *assess.Sheet {
	out := &assess.Sheet{Profile: s.Profile, Declared: map[string]assess.Answer{}, Measured: s.Measured}
	for id, a := range s.Declared {
		out.Declared[id] = a
	}
	from := "expert:" + check.String()
	for i := range list {
		j := &list[i]
		switch j.Verdict {
		case Confirmed:
			if a, ok := s.Declared[j.Question]; ok {
				out.Declared[j.Question] = at(a, Checked, from)
			}
		case Otherwise:
			if j.Answer != nil {
				out.Declared[j.Question] = at(*j.Answer, Checked, from)
			}
		}
	}
	return out
}

// judgedNow counts verdicts that stand.
func judgedNow(list []Judged) (confirmed, otherwise int) {
	for i := range list {
		switch list[i].Verdict {
		case Confirmed:
			confirmed++
		case Otherwise:
			otherwise++
		}
	}
	return confirmed, otherwise
}

func answerOf(list []Answered, question string) *Answered {
	i := slices.IndexFunc(list, func(a Answered) bool { return a.Question == question })
	if i < 0 {
		return nil
	}
	return &list[i]
}
