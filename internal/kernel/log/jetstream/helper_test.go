package jetstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	api "github.com/nats-io/nats.go/jetstream"

	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/log/logtest"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestMain(m *testing.M) {
	natstest.Main()
	if a := os.Getenv(ownerEnv); a != "" {
		own(a)
	}
	natstest.Run(m)
}

var streams atomic.Int64

// fresh are options for a journal that is not there yet; the stream goes when the test ends.
func fresh(t testing.TB, c *natstest.Cluster, replicas int) Options {
	t.Helper()
	o := Options{Conn: c.Connect(t, ConnectOptions()...), Stream: fmt.Sprintf("t%d", streams.Add(1)), Replicas: replicas, Logger: quiet}
	return o
}

func open(t testing.TB, o Options) *Log {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	l, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func topic(t testing.TB, l log.Journal, name string) log.Topic {
	t.Helper()
	p, err := l.Topic(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustPut(t testing.TB, p log.Topic, record string) log.Commit {
	t.Helper()
	c, err := logtest.Put(p, record)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// wantDamage checks that err is a *DamageError of a sequence.
func wantDamage(t testing.TB, err error, sequence uint64) *DamageError {
	t.Helper()
	var d *DamageError
	if !errors.As(err, &d) || d.Sequence != sequence {
		t.Fatalf("got error %v, want damage of sequence %d", err, sequence)
	}
	return d
}

// makeStream makes the journal's stream as o says, with a change.
func makeStream(t testing.TB, o Options, change func(*api.StreamConfig)) api.Stream {
	t.Helper()
	o, err := o.filled()
	if err != nil {
		t.Fatal(err)
	}
	js, err := api.New(o.Conn)
	if err != nil {
		t.Fatal(err)
	}
	c := o.config()
	change(&c)
	s, err := js.CreateStream(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func placeOn(t *testing.T, c *natstest.Cluster, replicas int) logtest.Place {
	o := fresh(t, c, replicas)
	stream := makeStream(t, o, func(c *api.StreamConfig) { c.DenyDelete = false }) // so that Damage can take a message out
	return logtest.Place{
		Open: func(lo logtest.Options) (log.Journal, error) {
			o := o
			o.MaxBytes, o.RetainBytes, o.MaxRecordBytes, o.MaxGroupBytes = lo.MaxBytes, lo.RetainBytes, lo.MaxRecordBytes, lo.MaxGroupBytes
			o.MaxPendingBytes, o.Keepers, o.Now, o.OnFailure = lo.MaxPendingBytes, lo.Keepers, lo.Now, lo.OnFailure
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			l, err := Open(ctx, o)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		Hold: func() func() {
			names := c.Names()
			for _, name := range names {
				c.Pause(t, name)
			}
			return func() {
				for _, name := range names {
					c.Resume(t, name)
				}
			}
		},
		Break: func() error {
			other := o
			other.Conn = c.Connect(t)
			open(t, other)
			return log.ErrFenced
		},
		Damage: func(number uint64) { // the opening group is sequence 1, and each record a group of its own
			if err := stream.DeleteMsg(t.Context(), number+1); err != nil {
				t.Fatal(err)
			}
		},
		Damaged: func(err error) bool {
			var d *DamageError
			return errors.As(err, &d)
		},
		Slack: 256 << 10,
	}
}
