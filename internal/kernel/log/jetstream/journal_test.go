package jetstream

import (
	"testing"

	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/log/logtest"
)

// TestJournal runs what every journal must do on one server, TestJournalOnThree on a cluster with three replicas.
func TestJournal(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 1)
	logtest.Run(t, func(t *testing.T) logtest.Place { return placeOn(t, c, 1) })
}

func TestJournalOnThree(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 3)
	logtest.Run(t, func(t *testing.T) logtest.Place { return placeOn(t, c, 3) })
}
