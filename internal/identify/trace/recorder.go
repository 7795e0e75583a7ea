package trace

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/audit"
)

// Recorder is the door by which other rooms of the node tell what happened: a machine that made a batch, a warehouse that packed
// it, a shop that sold it.
type Recorder interface {
	// Record takes events of an organisation, all of them or none, and returns when they are on the medium. Words of the vocabulary
	// may be bare; ids are URIs. The same event twice is one. by says which room or machine tells, for the audit log.
	// Errors: a problem with the faults; ErrTooLarge for more than 65,536 events; those of the database.
	Record(ctx context.Context, org uuid.UUID, by string, events ...epcis.Event) (Captured, error)
}

// Record implements Recorder. It asks nobody for rights: whoever holds the Service is a room of the node.
func (s *Service) Record(ctx context.Context, org uuid.UUID, by string, events ...epcis.Event) (Captured, error) {
	d := &epcis.Document{Events: events, At: make([]string, len(events))}
	for i := range events {
		for _, f := range epcis.Check(&events[i]) {
			f.Event = i
			d.Faults = append(d.Faults, f)
		}
	}
	if len(d.Faults) > 0 {
		return Captured{}, invalid(d.Faults)
	}
	c, err := s.capture(ctx, org, d, false, audit.Entry{Actor: audit.Actor{Kind: "system", Name: by}, Via: "node", Verb: "trace.record"})
	if err == nil && !c.Success {
		err = invalid(c.Faults)
	}
	return c, err
}

var _ Recorder = (*Service)(nil)
