package audit

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Actor is who did it.
type Actor struct {
	Kind string `json:"kind" doc:"person, token, gateway or system"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name" doc:"The name at that time"`
}

// Object is what it was done to.
type Object struct {
	Kind string `json:"kind" doc:"plant.node, person, token, …"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty" doc:"The name at that time"`
}

// Entry is one act.
type Entry struct {
	ID     uuid.UUID       `json:"id"`
	Time   time.Time       `json:"time"`
	Org    uuid.UUID       `json:"org"` // whose thing it is; zero for the node's own
	Actor  Actor           `json:"actor"`
	Via    string          `json:"via" doc:"session, link, token, certificate, node, command"`
	Verb   string          `json:"verb" doc:"What was done: room.thing.act, such as plant.node.move"`
	Object Object          `json:"object"`
	Before json.RawMessage `json:"before,omitempty" doc:"What the act changed, as it was"`
	After  json.RawMessage `json:"after,omitempty" doc:"and as it is since"`
	Reason string          `json:"reason,omitempty"`
	Remote string          `json:"remote,omitempty" doc:"Network address of the caller"`
	Trace  string          `json:"trace,omitempty" doc:"Trace id of the request"`
}

// Limits of an entry. What an act changed is told, not whole documents.
const (
	maxWords = 2000      // characters of a reason or a name
	maxState = 256 << 10 // bytes of Before or After
)

var verbForm = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)+$`)

// check tells what is missing; an entry that cannot be read later is refused together with its act.
func (e *Entry) check() error {
	switch {
	case e.Time.IsZero():
		return fmt.Errorf("time is missing")
	case e.Actor.Kind == "" || e.Via == "":
		return fmt.Errorf("actor or via is missing")
	case !verbForm.MatchString(e.Verb):
		return fmt.Errorf("verb %q: want room.thing.act", e.Verb)
	case e.Object.Kind == "":
		return fmt.Errorf("object is missing")
	case utf8.RuneCountInString(e.Reason) > maxWords:
		return fmt.Errorf("reason has more than %d characters", maxWords)
	case len(e.Before) > maxState || len(e.After) > maxState:
		return fmt.Errorf("before and after: at most %d bytes each", maxState)
	}
	for name, raw := range map[string]json.RawMessage{"before": e.Before, "after": e.After} {
		if len(raw) > 0 && !json.Valid(raw) {
			return fmt.Errorf("%s is not JSON", name)
		}
	}
	return nil
}

// State encodes what an act changed for Before and After; nil gives nothing.
func State(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		// A type that cannot be encoded is a mistake in the program; the act is still told.
		b, _ = json.Marshal(map[string]string{"unreadable": err.Error()})
	}
	return b
}
