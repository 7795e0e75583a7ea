package condition

import (
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// Severity says how soon somebody has to act.
type Severity string

// The severities, the mildest first.
const (
	Info     Severity = "info"     // worth knowing
	Warning  Severity = "warning"  // act before it becomes worse
	Error    Severity = "error"    // something does not work
	Critical Severity = "critical" // data cannot be taken, or are in danger
)

// Condition is something that is wrong now.
type Condition struct {
	ID       uuid.UUID         `json:"id"`                                    // minted when it is raised
	Org      uuid.UUID         `json:"org"`                                   // whose it is; zero for the node's own
	Kind     string            `json:"kind" doc:"journal.full, link.down, …"` // stable name
	Subject  string            `json:"subject" doc:"What it is about: an id, a path"`
	Severity Severity          `json:"severity" enum:"info,warning,error,critical"`
	Text     text.Text         `json:"text" doc:"What is wrong and what to do about it"`
	Attr     map[string]string `json:"attributes,omitempty"`
	Raised   time.Time         `json:"raised"`
	Last     time.Time         `json:"last" doc:"When it was told last"`
	Count    int64             `json:"count" doc:"How often it was told since it was raised"`
}

// Change says what an event is.
type Change string

// What happens to a condition.
const (
	Raised  Change = "raised"
	Changed Change = "changed" // severity or text
	Cleared Change = "cleared"
)

// Event is a record of the journal's partition "conditions".
type Event struct {
	Version   int       `json:"v"` // 1
	Change    Change    `json:"change"`
	Time      time.Time `json:"time"`
	Condition Condition `json:"condition"`
}

// differs tells whether somebody who reads the board sees a difference worth an event. Attributes hold figures that
// move all the time: the board shows the latest, but they make no event.
func (c *Condition) differs(o *Condition) bool {
	return c.Severity != o.Severity || c.Text != o.Text || c.Org != o.Org
}
