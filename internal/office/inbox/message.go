package inbox

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Kind of an item.
type Kind string

// The kinds.
const (
	Todo Kind = "todo" // waits for an act; done when its object says so
	Note Kind = "note" // tells; read or not
)

// Urgency of an item.
type Urgency string

// The urgencies. What is urgent is sent at once, through quiet hours and past digests.
const (
	Urgent Urgency = "urgent"
	High   Urgency = "high"
	Normal Urgency = "normal"
)

// rank orders urgencies, the most urgent first.
func (u Urgency) rank() int64 {
	switch u {
	case Urgent:
		return 0
	case High:
		return 1
	}
	return 2
}

func urgencyOf(rank int64) Urgency {
	return [...]Urgency{Urgent, High, Normal}[min(max(rank, 0), 2)]
}

// Recipient is to whom a message goes: to one person (of an organisation, where Org is set: only as long as they may read
// there), or to all those of an organisation who have a verb in it.
type Recipient struct {
	Person uuid.UUID
	Org    uuid.UUID
	Verb   auth.Verb // auth.Read where it is empty
	Part   string    // what of the object is theirs, such as the role in a case; a to-do is found again by it
}

// Object is the thing that a message is about.
type Object struct{ Kind, ID string }

// Message is what a room has to tell. The same Key again changes nothing.
type Message struct {
	Key     string
	Kind    Kind
	Topic   string // of what sort, such as "flow.turn"
	To      []Recipient
	Text    text.Text
	Link    string // page in the console below the organisation's address, such as "cases/<id>"
	Object  Object
	Urgency Urgency
	Due     int64 // ns since 1970; 0 for none
	At      int64
}

// Bounds.
const (
	maxKey        = 200
	maxText       = 1000 // characters in each language
	maxLink       = 300
	maxRecipients = 200
)

// verbs that a message may be addressed to.
var verbs = []auth.Verb{auth.Read, auth.Operate, auth.Configure, auth.Organise}

// check is for mistakes of rooms, not of users.
func (m *Message) check() error {
	switch {
	case m.Key == "" || len(m.Key) > maxKey:
		return fmt.Errorf("inbox: message %.50q: the key has 1 to %d bytes", m.Key, maxKey)
	case m.Kind != Todo && m.Kind != Note:
		return fmt.Errorf("inbox: message %s: kind %q", m.Key, m.Kind)
	case m.Topic == "" || len(m.To) == 0 || len(m.To) > maxRecipients:
		return fmt.Errorf("inbox: message %s: needs a topic and 1 to %d recipients", m.Key, maxRecipients)
	case len(m.Link) > maxLink || strings.ContainsAny(m.Link, "\\\r\n\"<> ") || strings.HasPrefix(m.Link, "/") || strings.Contains(m.Link, ":"):
		return fmt.Errorf("inbox: message %s: link %q: want a path below the organisation's", m.Key, m.Link)
	case m.Kind == Todo && (m.Object.Kind == "" || m.Object.ID == ""):
		return fmt.Errorf("inbox: message %s: a to-do needs the object that says when it is done", m.Key)
	case m.Text.IsZero():
		return fmt.Errorf("inbox: message %s: says nothing", m.Key)
	}
	for _, r := range m.To {
		if r.Person == uuid.Nil && r.Org == uuid.Nil {
			return fmt.Errorf("inbox: message %s: a recipient is nobody", m.Key)
		}
		if r.Verb != "" && !contains(verbs, r.Verb) {
			return fmt.Errorf("inbox: message %s: verb %q", m.Key, r.Verb)
		}
	}
	return nil
}

func contains[T comparable](list []T, x T) bool {
	for _, v := range list {
		if v == x {
			return true
		}
	}
	return false
}

// Item is one message as one recipient has it.
type Item struct {
	ID      uuid.UUID
	Kind    Kind
	Topic   string
	Person  uuid.UUID // zero: everybody of Org who has Verb
	Org     uuid.UUID
	Verb    auth.Verb
	Text    text.Text
	Link    string
	Object  Object
	Urgency Urgency
	Due     int64 // store.Forever where there is none
	At      int64
	Done    int64 // of a to-do; 0 while it waits
	Read    bool  // by the asker
}

// overdue tells whether a to-do waits past its time.
func (i *Item) overdue(now int64) bool { return i.Kind == Todo && i.Done == 0 && i.Due <= now }

// shorten cuts words at a number of characters.
func shorten(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// china is the civil time by which quiet hours and digests are meant.
var china = time.FixedZone("UTC+8", 8*60*60)

func forever(due int64) int64 {
	if due == 0 {
		return store.Forever
	}
	return due
}
