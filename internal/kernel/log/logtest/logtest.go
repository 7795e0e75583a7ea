// Package logtest holds what every journal must do, whichever package keeps it: the tests of log.Log and of the cluster's
// journal run them beside their own.
package logtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/log"
)

// Options are those that all journals know, with one meaning. What is 0 is the journal's default.
type Options struct {
	MaxBytes        int64
	RetainBytes     int64
	MaxRecordBytes  int
	MaxGroupBytes   int
	MaxPendingBytes int64
	Keepers         []string
	Now             func() time.Time
	OnFailure       func(error)
}

// Place is where one journal lies.
type Place struct {
	// Open opens it, again and again. The journal that was open before is closed.
	Open func(Options) (log.Journal, error)
	// Hold keeps the medium from making anything durable until release is called. What is acknowledged meanwhile was not
	// durable.
	Hold func() (release func())
	// Break makes the medium refuse the next group for good, and returns the error that is told with log.ErrFailed.
	Break func() error
	// Damage spoils a record of the newest 10 or so, which were put one by one, with the journal closed or open. Opening or
	// reading it must tell an error for which Damaged is true.
	Damage  func(number uint64)
	Damaged func(error) bool
	// Slack is how many bytes may stay beside what keepers need and RetainBytes: the grain of trimming.
	Slack int64
}

// Run runs all tests. fresh makes an empty place.
func Run(t *testing.T, fresh func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Place)
	}{
		{"RecordsAreThereAfterReopening", reopening},
		{"EmptyAndLargeRecords", sizes},
		{"ManyProducersManyReaders", concurrency},
		{"AcknowledgedInOrderOnceAndNotBeforeDurable", acknowledgement},
		{"AppendWaitsForRoomInMemory", pending},
		{"TimesNeverGoBackAndWhatIsClosedStaysClosed", times},
		{"NextWaitsForARecordOrItsContext", waiting},
		{"ReaderBeginsAnywhere", seeking},
		{"RarePartition", rare},
		{"CursorsAreDurable", cursors},
		{"NothingIsTrimmedThatAKeeperNeeds", trimming},
		{"FollowerIsToldOfTrimming", following},
		{"FullJournalRefusesAndLosesNothing", full},
		{"JournalWithoutKeepersIsARing", ring},
		{"CloseFinishesWhatWasTaken", closing},
		{"FailureStopsAcknowledgements", failure},
		{"DamageIsTold", damage},
		{"NamesAreChecked", names},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh(t)) })
	}
}

// Put appends one record and waits for its acknowledgement.
func Put(p log.Topic, record string) (log.Commit, error) {
	type answer struct {
		c   log.Commit
		err error
	}
	acked := make(chan answer, 1)
	if err := p.Append(context.Background(), []byte(record), func(c log.Commit, err error) { acked <- answer{c, err} }); err != nil {
		return log.Commit{}, err
	}
	a := <-acked
	return a.c, a.err
}

// Big is a record of n bytes that begins with text.
func Big(text string, n int) string { return text + strings.Repeat(".", n-len(text)) }

// All returns what TryNext gives, as "number:data", data cut to its first 12 bytes.
func All(t *testing.T, r log.Records) (list []string) {
	t.Helper()
	for {
		rec, ok, err := r.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return list
		}
		list = append(list, fmt.Sprintf("%d:%s", rec.Number, rec.Data[:min(12, len(rec.Data))]))
	}
}

func open(t *testing.T, at Place, o Options) log.Journal {
	t.Helper()
	j, err := at.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func shut(t *testing.T, j log.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func topic(t *testing.T, j log.Journal, name string) log.Topic {
	t.Helper()
	p, err := j.Topic(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func put(t *testing.T, p log.Topic, record string) log.Commit {
	t.Helper()
	c, err := Put(p, record)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantList(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// until waits for what another goroutine does in its time.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}
