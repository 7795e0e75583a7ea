package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/nats-io/nats.go/jetstream"

	"jingwei/internal/kernel/log/jetstream/natstest"
	"jingwei/internal/kernel/log/logtest"
)

// TestMissingSequenceIsNamed takes messages out of the stream, as no Jingwei does and its streams do not allow.
func TestMissingSequenceIsNamed(t *testing.T) {
	t.Parallel()
	o := fresh(t, natstest.Shared(t, 1), 1)
	stream := makeStream(t, o, func(c *api.StreamConfig) { c.DenyDelete = false })
	l := open(t, o)
	p := topic(t, l, "a")
	for i := range 9 { // sequences 2 to 10
		mustPut(t, p, fmt.Sprint(i))
	}
	if err := stream.DeleteMsg(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	d := wantDamage(t, l.Verify(t.Context()), 5)
	for _, part := range []string{o.Stream, "sequence 5", "missing"} {
		if !strings.Contains(d.Error(), part) {
			t.Errorf("%q lacks %q", d, part)
		}
	}
	if err := l.Close(); err != nil { // sequence 11
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), o)
	wantDamage(t, err, 11)
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), o)
	wantDamage(t, err, 11)
}

// TestForeignMessageIsNotARecord: what another program publishes on the journal's subject is damage, and is not skipped.
func TestForeignMessageIsNotARecord(t *testing.T) {
	t.Parallel()
	o := fresh(t, natstest.Shared(t, 1), 1)
	l := open(t, o)
	mustPut(t, topic(t, l, "a"), "x")
	if _, err := l.js.Publish(t.Context(), l.o.subject(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	_, err := logtest.Put(topic(t, l, "a"), "y")
	d := wantDamage(t, err, 3)
	if !strings.Contains(d.Error(), "not a group") {
		t.Error(d)
	}
	wantDamage(t, l.Close(), 3)
	_, err = Open(t.Context(), o)
	wantDamage(t, err, 3)
}

// TestByteChangedInTheServersFileIsFound changes one byte of a record in the store of a server that is down. When it starts,
// NATS 2.15.2 ends the stream before that record, drops all that came behind and says nothing; without a memory of its own
// the journal would go on from there and give the same numbers again.
func TestByteChangedInTheServersFileIsFound(t *testing.T) {
	t.Parallel()
	c, err := natstest.Start(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	o := fresh(t, c, 1)
	l := open(t, o)
	p := topic(t, l, "a")
	for i := range 20 {
		mustPut(t, p, logtest.Big(fmt.Sprintf("record-%d-", i+1), 1000))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c.Kill(t, "n1")
	change(t, c, "n1")
	c.Restart(t, "n1")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	l, err = Open(ctx, o)
	if err == nil {
		defer l.Close()
		err = l.Verify(ctx)
	}
	var d *DamageError
	if !errors.As(err, &d) {
		t.Fatalf("one byte was changed and nobody noticed: %v", err)
	}
	t.Log(d)
}

// change flips a bit of record 7 in the stream's file on a server that is down.
func change(t *testing.T, c *natstest.Cluster, server string) {
	t.Helper()
	changed := 0
	err := filepath.Walk(filepath.Join(c.Dir, server), func(name string, info os.FileInfo, err error) error {
		if err != nil || !strings.HasSuffix(name, ".blk") || strings.Contains(name, "_js_") {
			return err
		}
		b, err := os.ReadFile(name)
		if i := bytes.Index(b, []byte("record-7-")); i >= 0 {
			b[i+100] ^= 1
			changed++
			return os.WriteFile(name, b, 0o600)
		}
		return err
	})
	if err != nil || changed != 1 {
		t.Fatal(changed, err)
	}
}

// TestByteChangedOnOneOfThreeIsMended: a replica that has lost what came behind a damaged message gets it from the others.
// Before and while it does, no reader is given anything wrong.
func TestByteChangedOnOneOfThreeIsMended(t *testing.T) {
	t.Parallel()
	c, err := natstest.Start(t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	o := fresh(t, c, 3)
	o.CacheBytes, o.MaxGroupBytes = 1, 1 // everything is read from the cluster
	l := open(t, o)
	p := topic(t, l, "a")
	for i := range 40 {
		mustPut(t, p, logtest.Big(fmt.Sprintf("record-%d-", i+1), 1000))
	}
	leads, follow := leader(t, l)
	server := follow[0]
	if os.Getenv("JINGWEI_DRILL_ROUNDS") != "" {
		server = leads // takes an election longer
	}
	c.Kill(t, server)
	change(t, c, server)
	c.Restart(t, server)
	mustPut(t, p, "more")
	for range 20 {
		r := p.Records(1)
		for n := uint64(1); n <= 41; n++ {
			rec, err := r.Next(t.Context())
			if err != nil || rec.Number != n || n < 41 && !strings.HasPrefix(string(rec.Data), fmt.Sprintf("record-%d-", n)) {
				t.Fatalf("record %d: %d %.12q %v", n, rec.Number, rec.Data, err)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestStreamThatWouldLoseRecordsIsRefused names field, value and mend.
func TestStreamThatWouldLoseRecordsIsRefused(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 1)
	for field, change := range map[string]func(*api.StreamConfig){
		"max_age":        func(c *api.StreamConfig) { c.MaxAge = time.Hour },
		"max_msgs":       func(c *api.StreamConfig) { c.MaxMsgs = 1000 },
		"storage":        func(c *api.StreamConfig) { c.Storage = api.MemoryStorage },
		"discard policy": func(c *api.StreamConfig) { c.Discard = api.DiscardOld },
		"retention":      func(c *api.StreamConfig) { c.Retention = api.InterestPolicy },
		"allow_direct":   func(c *api.StreamConfig) { c.AllowDirect = false },
		"subjects":       func(c *api.StreamConfig) { c.Subjects = append(c.Subjects, c.Name+".more") },
	} {
		o := fresh(t, c, 1)
		makeStream(t, o, change)
		_, err := Open(t.Context(), o)
		var wrong *ConfigError
		if !errors.As(err, &wrong) || wrong.Field != field || wrong.Mend == "" || wrong.Value == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	o := fresh(t, c, 1)
	makeStream(t, o, func(*api.StreamConfig) {})
	o.Replicas = 3
	_, err := Open(t.Context(), o)
	var wrong *ConfigError
	if !errors.As(err, &wrong) || wrong.Field != "number of replicas" {
		t.Errorf("replicas: %v", err)
	}
}

// TestServersThatSyncLaterAreFound: JetStream's default acknowledges before it syncs.
func TestServersThatSyncLaterAreFound(t *testing.T) {
	t.Parallel()
	if err := CheckServers(t.Context(), natstest.Shared(t, 1).System(t), 5*time.Second, 1); err != nil {
		t.Error(err)
	}
	lax, err := natstest.StartLax(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lax.Stop)
	err = CheckServers(t.Context(), lax.System(t), 5*time.Second, 1)
	if err == nil || !strings.Contains(err.Error(), "n1") || !strings.Contains(err.Error(), "sync_interval: always") {
		t.Error(err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	t.Parallel()
	nc := natstest.Shared(t, 1).Connect(t)
	for want, o := range map[string]Options{
		"Conn":           {},
		"Stream":         {Conn: nc, Stream: "a.b"},
		"Replicas":       {Conn: nc, Replicas: 2},
		"MaxBytes":       {Conn: nc, MaxBytes: 100},
		"max_payload":    {Conn: nc, MaxRecordBytes: 9 << 20},
		"keeper name":    {Conn: nc, Keepers: []string{"a b"}},
		`"a" is named`:   {Conn: nc, Keepers: []string{"a", "a"}},
		"MaxRecordBytes": {Conn: nc, MaxBytes: 1 << 20, MaxRecordBytes: 1 << 19},
	} {
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
}

// TestNobodyIsThere: where no server answers, Open ends with its context and says so.
func TestNobodyIsThere(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 1)
	o := fresh(t, c, 1)
	g := newGate()
	o.Conn, o.AckWait = c.Connect(t, through(g)...), 200*time.Millisecond
	g.shut()
	defer g.pass()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := Open(ctx, o)
	wantError(t, err, context.DeadlineExceeded)
	if !strings.Contains(err.Error(), o.Stream) {
		t.Errorf("%v does not name the stream", err)
	}
}

// TestCloseWithoutAnAnswerEnds: records under way when the journal is closed are told after CloseWait that nobody knows.
func TestCloseWithoutAnAnswerEnds(t *testing.T) {
	t.Parallel()
	c := natstest.Shared(t, 1)
	o := fresh(t, c, 1)
	g := newGate()
	o.Conn, o.CloseWait = c.Connect(t, through(g)...), 200*time.Millisecond
	l := open(t, o)
	p := topic(t, l, "a")
	mustPut(t, p, "x")
	g.shut()
	defer g.pass()
	told := make(chan error, 1)
	acked, err := make(chan struct{}), error(nil)
	go func() {
		defer close(acked)
		_, err = logtest.Put(p, "y")
		told <- err
	}()
	for l.Stats().PendingBytes == 0 {
		time.Sleep(time.Millisecond)
	}
	closed := l.Close()
	<-acked
	if err := <-told; err == nil || closed == nil || !strings.Contains(closed.Error(), "under way") {
		t.Errorf("told %v, closed with %v", err, closed)
	}
}
