package neighbour

import (
	"context"
	"time"
)

// A node above may have thousands below that come back at the same time, each with a window of records (federate.RecordWindow) on its way.
// What they fill of the memory is bounded by how many streams bring records at a time: the others are not answered until there is a place. A
// stream that brings little for long gives its place away and goes on without: slow lines fill no memory, and hold up nobody.
const (
	takenAtOnce    = 64
	comparedAtOnce = 2 // comparing reads everything that is new: records go before it
	slowAfter      = 5 * time.Second
	compareAgain   = 300 * time.Millisecond
)

// enter waits for a place among the streams that are taken.
func (in *incoming) enter(ctx context.Context) error {
	if in.place || in.slow {
		return nil
	}
	select {
	case in.s.places <- struct{}{}:
		in.place = true
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave gives its places to others.
func (in *incoming) leave() {
	if in.place {
		<-in.s.places
		in.place = false
	}
}

// mayCompare takes a place among the streams that are compared, where there is one.
func (in *incoming) mayCompare() bool {
	if !in.comparing {
		select {
		case in.s.compares <- struct{}{}:
			in.comparing = true
		default:
		}
	}
	return in.comparing
}

func (in *incoming) ceaseComparing() {
	if in.comparing {
		<-in.s.compares
		in.comparing = false
	}
}
