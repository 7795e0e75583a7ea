package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"

	api "github.com/nats-io/nats.go/jetstream"

	"jingwei/internal/kernel/log"
)

// Cursor is a follower's durable place in the journal. It holds nothing: records behind it are trimmed regardless.
type Cursor struct {
	log  *Log
	name string
}

// cursors are all cursors of a journal, kept as one message in a stream of their own that has only the newest. The message
// also tells how far the journal itself was acknowledged: a server that finds a damaged message when it starts cuts the
// stream off before it and says nothing, and only somebody who remembers can tell.
type cursors struct {
	mu     sync.Mutex // the values
	values map[string]uint64
	dirty  bool

	saving   sync.Mutex // one writer at a time
	stream   api.Stream
	sequence uint64 // of the newest message
	reached  uint64 // sequence of the journal's stream that it tells
}

// cursorFile is that message.
type cursorFile struct {
	Version int               `json:"version"`
	Epoch   uint64            `json:"epoch"`
	Owner   string            `json:"owner"`   // his instance, in hexadecimal digits
	Reached uint64            `json:"reached"` // sequence that the journal's stream had at least
	Cursors map[string]uint64 `json:"cursors"`
}

const (
	cursorVersion  = 1
	cursorMaxBytes = 1 << 20
)

// open finds or makes the stream.
func (c *cursors) open(ctx context.Context, l *Log) error {
	return l.retry(ctx, "look for the stream of cursors", func(ctx context.Context) error {
		var err error
		c.stream, err = l.js.Stream(ctx, l.o.cursorStream())
		if errors.Is(err, api.ErrStreamNotFound) {
			c.stream, err = l.js.CreateStream(ctx, api.StreamConfig{
				Name: l.o.cursorStream(), Description: "Jingwei journal: places of its followers", Subjects: []string{l.o.cursorSubject()},
				Storage: api.FileStorage, Replicas: l.o.Replicas, Retention: api.LimitsPolicy, MaxMsgsPerSubject: 1, MaxMsgs: -1, MaxBytes: -1,
			})
		}
		return err
	})
}

// read reads them as they were saved last.
func (c *cursors) read(ctx context.Context, l *Log) (f cursorFile, err error) {
	err = l.retry(ctx, "read the cursors", func(ctx context.Context) error {
		c.values, c.sequence, c.reached, f = map[string]uint64{}, 0, 0, cursorFile{}
		// Without direct gets the leader answers, and he has the newest.
		m, err := c.stream.GetLastMsgForSubject(ctx, l.o.cursorSubject())
		if errors.Is(err, api.ErrMsgNotFound) {
			info, err := c.stream.Info(ctx)
			if err == nil {
				c.sequence = info.State.LastSeq
			}
			return err
		}
		if err != nil {
			return err
		}
		if f, err = decodeCursors(m.Data); err != nil {
			return &DamageError{l.o.cursorStream(), m.Sequence, err.Error()}
		}
		c.values, c.sequence, c.reached = f.Cursors, m.Sequence, f.Reached
		return nil
	})
	return f, err
}

func decodeCursors(b []byte) (f cursorFile, err error) {
	if len(b) > cursorMaxBytes {
		return f, fmt.Errorf("it has %d bytes, more than any program wrote", len(b))
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("it is not a message of cursors: %w", err)
	}
	if f.Version != cursorVersion {
		return f, fmt.Errorf("its version is %d, this program knows %d", f.Version, cursorVersion)
	}
	if len(f.Cursors) > log.MaxCursors {
		return f, fmt.Errorf("it has %d cursors", len(f.Cursors))
	}
	for name := range f.Cursors {
		if err := log.CheckName("cursor", name); err != nil {
			return f, err
		}
	}
	if f.Cursors == nil {
		f.Cursors = map[string]uint64{}
	}
	return f, nil
}

// write saves values behind the newest message. saving is locked, or nobody else is there yet.
func (c *cursors) write(ctx context.Context, l *Log, values map[string]uint64, reached uint64) error {
	b, err := json.Marshal(cursorFile{cursorVersion, l.owner.epoch, l.owner.name(), reached, values})
	if err != nil {
		return err
	}
	ack, err := l.js.Publish(ctx, l.o.cursorSubject(), b, api.WithExpectLastSequence(c.sequence), api.WithRetryAttempts(0))
	if err == nil {
		c.sequence, c.reached = ack.Sequence, reached
	}
	return err
}

// flush saves them if something changed.
func (c *cursors) flush(l *Log) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	reached := l.view.reached()
	c.mu.Lock()
	if !c.dirty && reached == c.reached {
		c.mu.Unlock()
		return nil
	}
	values := maps.Clone(c.values)
	c.dirty = false
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(l.ending, l.o.AckWait)
	defer cancel()
	err := c.write(ctx, l, values, reached)
	if isWrongLast(err) {
		err = c.reclaim(ctx, l, values, reached)
	}
	if err != nil {
		c.mu.Lock()
		c.dirty = true
		c.mu.Unlock()
		return fmt.Errorf("save journal cursors: %w", err)
	}
	return nil
}

// reclaim writes behind a message that this owner sent and whose answer was lost; behind another owner's it does not.
func (c *cursors) reclaim(ctx context.Context, l *Log, values map[string]uint64, reached uint64) error {
	m, err := c.stream.GetLastMsgForSubject(ctx, l.o.cursorSubject())
	if err != nil {
		return err
	}
	var f cursorFile
	if err := json.Unmarshal(m.Data, &f); err != nil {
		return err
	}
	if f.Owner != l.owner.name() {
		return fmt.Errorf("%w: epoch %d has them now", log.ErrFenced, f.Epoch)
	}
	c.sequence = m.Sequence
	return c.write(ctx, l, values, reached)
}

// Place returns the cursor of that name (1 to 64 printable ASCII characters; at most 1,024 in a journal); a new one stands
// at 0.
func (l *Log) Place(name string) (log.Place, error) {
	if err := log.CheckName("cursor", name); err != nil {
		return nil, err
	}
	c := &l.cursors
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.values[name]; !ok {
		if len(c.values) == log.MaxCursors {
			return nil, fmt.Errorf("journal: no room for cursor %q beside the %d that are there", name, log.MaxCursors)
		}
		c.values[name] = 0
	}
	return &Cursor{l, name}, nil
}

// Load returns what was saved last: by custom the number of the next record to read, as for Partition.Records.
func (c *Cursor) Load() uint64 {
	c.log.cursors.mu.Lock()
	defer c.log.cursors.mu.Unlock()
	return c.log.cursors.values[c.name]
}

// Save sets the cursor. It becomes durable within seconds, with Flush, or with Close; a crash before brings an earlier
// value back, so a follower may meet some records again.
func (c *Cursor) Save(n uint64) {
	c.log.cursors.mu.Lock()
	defer c.log.cursors.mu.Unlock()
	if c.log.cursors.values[c.name] != n {
		c.log.cursors.values[c.name] = n
		c.log.cursors.dirty = true
	}
}

// Flush makes all cursors of the journal durable.
func (c *Cursor) Flush() error {
	if err := c.log.view.failure(); err != nil {
		return err
	}
	return c.log.cursors.flush(c.log)
}
