package crash

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

// producer is a link client that sends a lane and keeps the lane's book. It is a federate.Source whose spool is the
// lane itself: any batch can be made again.
type producer struct {
	member *member
	packer *federate.Packer
	table  federate.Table
	wrong  func(Violation)
	told   func() // an acknowledgement has come

	mu      sync.Mutex
	book    book
	made    uint64 // batches that may go out
	next    uint64 // the one that goes next
	hash    string // of the configuration that granted the series; "" until it came
	granted chan struct{}
	more    chan struct{} // closed and renewed when made grows
	resumed uint64        // connections whose stream was opened
	late    uint64        // batches acknowledged only when the stream was opened again: a kill took the acknowledgement

	codec federate.Codec
	batch telemetry.Batch
}

const (
	laneBacklog = 256                   // batches made and not acknowledged, at most
	laneEvery   = 40 * time.Millisecond // between batches of a lane
)

func newProducer(m *member, k *federate.Packer, seed uint64, base int64, series [4]uuid.UUID, wrong func(Violation), told func()) *producer {
	p := &producer{member: m, packer: k, wrong: wrong, told: told, granted: make(chan struct{}), more: make(chan struct{}),
		book: book{lane: lane{seed: seed, base: base, text: 1600}, series: series, epoch: uint64(base / int64(time.Millisecond)), commits: map[uint64]uint64{}}}
	for i, id := range series {
		p.table = append(p.table, federate.Entry{Series: id, Type: laneTypes[i]})
	}
	return p
}

// run keeps the link until ctx ends.
func (p *producer) run(ctx context.Context) {
	d := federate.Dialer{
		Address: func() string { return p.member.link }, TLS: func() (*tls.Config, error) { return p.member.tls, nil },
		Hello:   federate.Hello{ID: p.member.id, Instance: uuid.Must(uuid.NewV7()), Software: "bench crash", Features: []string{federate.FeatureZstd, federate.FeatureRefusal}},
		MinWait: 20 * time.Millisecond, MaxWait: 250 * time.Millisecond, Now: time.Now, Serve: p.serve,
	}
	d.Run(ctx)
}

func (p *producer) serve(ctx context.Context, c *federate.Conn) error {
	p.mu.Lock()
	greeting, err := json.Marshal(document.Greeting{Hash: p.hash})
	p.mu.Unlock()
	if err != nil {
		return err
	}
	desk, err := federate.OpenDesk(ctx, c, p.packer, greeting)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	work.Go(func() { cancel(p.listen(ctx, desk)) })
	work.Go(func() {
		select {
		case <-p.granted: // before the node has told its configuration it takes no samples from us
			cancel(federate.Send(ctx, c, p, federate.SenderOptions{Producer: p.member.id, Packer: p.packer, Compress: true}))
		case <-ctx.Done():
		}
	})
	work.Wait()
	return context.Cause(ctx)
}

// listen takes the configuration, whose coming grants the series.
func (p *producer) listen(ctx context.Context, desk *federate.Desk) error {
	for {
		m, err := desk.Receive(ctx)
		if err != nil {
			return err
		}
		if m.Kind != federate.MessageConfig || len(m.Body) < sha256.Size {
			continue
		}
		hash := hex.EncodeToString(m.Body[:sha256.Size])
		body, err := json.Marshal(document.Applied{Hash: hash, OK: true, Time: time.Now().UTC()})
		if err != nil {
			return err
		}
		if _, err := desk.Send(ctx, federate.Control{Kind: federate.MessageApplied, ID: m.ID, Body: body}); err != nil {
			return err
		}
		doc, err := document.Parse(m.Body[sha256.Size:])
		if err != nil {
			return err
		}
		p.mu.Lock()
		if n := len(doc.Links); p.hash == "" && n > 0 && len(doc.Links[0].Points) == len(p.table) {
			close(p.granted)
			p.hash = hash
		}
		p.mu.Unlock()
	}
}

// make adds batches to send, unless too many are not acknowledged.
func (p *producer) make(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made = min(p.made+n, p.book.acked+laneBacklog)
	close(p.more)
	p.more = make(chan struct{})
}

// settled tells whether everything made is acknowledged.
func (p *producer) settled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.acked == p.made
}

// copyBook returns the book as it is now.
func (p *producer) copyBook() book {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.book
	b.commits = make(map[uint64]uint64, len(p.book.commits))
	for k, v := range p.book.commits {
		b.commits[k] = v
	}
	return b
}

// Resume implements federate.Source. What the node says that it holds durably is an acknowledgement too.
func (p *producer) Resume(_ context.Context, epoch, seq uint64) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, bad := p.book.resume(epoch, seq); bad {
		p.wrong(v)
	}
	if epoch != p.book.epoch {
		seq = 0
	}
	p.resumed++
	p.next = min(seq, p.made)
	p.late += max(p.next, p.book.acked) - p.book.acked
	p.book.acked = max(p.book.acked, p.next)
	return p.book.epoch, nil
}

// TryNext implements federate.Source.
func (p *producer) TryNext() (federate.Item, bool, error) {
	p.mu.Lock()
	if p.next >= p.made {
		p.mu.Unlock()
		return federate.Item{}, false, nil
	}
	b := p.next
	p.next++
	p.book.sent = max(p.book.sent, p.next)
	p.mu.Unlock()
	p.book.batch(&p.batch, b, [4]telemetry.Ref{0, 1, 2, 3})
	body, err := p.codec.Append(nil, p.table, &p.batch)
	return federate.Item{Seq: b + 1, Table: 1, Body: body}, err == nil, err
}

// Next implements federate.Source.
func (p *producer) Next(ctx context.Context) (federate.Item, error) {
	for {
		p.mu.Lock()
		more := p.more
		p.mu.Unlock()
		if item, ok, err := p.TryNext(); ok || err != nil {
			return item, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return federate.Item{}, ctx.Err()
		}
	}
}

// TableBytes implements federate.Source.
func (p *producer) TableBytes(uint64) ([]byte, error) { return p.table.Append(nil), nil }

// Acked implements federate.Source: it writes the acknowledgement down.
func (p *producer) Acked(a federate.Ack) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := &p.book
	if a.Epoch != b.epoch || a.Seq == 0 || a.Seq > b.sent {
		p.wrong(Violation{Wrong: Unknown, Series: b.series[0], Commit: a.Commit,
			Detail: fmt.Sprintf("batch %d-%d was acknowledged; %d were sent in epoch %d", a.Epoch, a.Seq, b.sent, b.epoch)})
		return
	}
	if a.Commit != 0 { // 0: it was there already
		b.commits[a.Seq-1] = a.Commit
	}
	b.acked = max(b.acked, a.Seq)
	p.told()
}

// Refused implements federate.Source: nothing that a lane sends may be refused.
func (p *producer) Refused(_ context.Context, f federate.Refusal) error {
	p.wrong(Violation{Wrong: Broken, Series: p.book.series[0], Ack: fmt.Sprintf("%d-%d", f.Epoch, f.Seq), Detail: f.Error()})
	return f
}

// Seek implements federate.Source.
func (p *producer) Seek(seq uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq == 0 || seq > p.made+1 {
		return fmt.Errorf("batch %d of %d was asked for", seq, p.made)
	}
	p.next = seq - 1
	return nil
}
