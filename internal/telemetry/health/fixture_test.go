package health

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// after is a time of the tests, so long after their begin.
func after(d time.Duration) int64 { return begin.Add(d).UnixNano() }

const (
	period  = 10 * time.Second
	silence = 30 * time.Second
)

// house is a node with a store, a board and a journal, and a plant of two organisations.
type house struct {
	t       *testing.T
	dir     string
	db      *store.DB
	clock   atomic.Int64
	journal *log.Log
	store   *telemetry.Store
	board   *condition.Board
	events  log.Topic
	sides   authtest.Sides
	nodes   []Node
	points  []Point
	ties    []Tie
	refs    map[uuid.UUID]telemetry.Ref
	seq     uint64
	stop    func()
	service *Service
	o       Options
}

func (h *house) Nodes(_ context.Context, scope auth.Scope) ([]Node, error) {
	return slices.DeleteFunc(slices.Clone(h.nodes), func(n Node) bool { return !scope.Includes(n.Org) }), nil
}

func (h *house) EachPoint(_ context.Context, scope auth.Scope, yield func(*Point) error) error {
	for i := range h.points {
		if scope.Includes(h.points[i].Org) {
			if err := yield(&h.points[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *house) Point(_ context.Context, scope auth.Scope, id uuid.UUID) (Point, error) {
	for _, p := range h.points {
		if p.ID == id && scope.Includes(p.Org) {
			return p, nil
		}
	}
	return Point{}, store.ErrNotFound
}

func (h *house) Ties(_ context.Context, scope auth.Scope, from, to int64) (out []Tie, err error) {
	for _, t := range h.ties {
		if t.From < to && t.To > from {
			out = append(out, t)
		}
	}
	return out, nil
}

func (h *house) now() time.Time { return time.Unix(0, h.clock.Load()).UTC() }

func newHouse(t *testing.T, db *store.DB) *house {
	h := &house{t: t, db: db, sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}, refs: map[uuid.UUID]telemetry.Ref{}}
	h.clock.Store(after(0))
	dir := t.TempDir()
	h.dir = dir
	h.journal = proof.Must(log.Open(log.Options{FS: file.OS(), Dir: dir + "/journal", SegmentBytes: 4 << 20, Now: h.now, Keepers: []string{telemetry.Keeper}}))
	h.store = proof.Must(telemetry.Open(t.Context(), telemetry.Options{FS: file.OS(), Dir: dir + "/telemetry", Log: h.journal, Catalog: &telemetry.MemoryCatalog{}, Now: h.now, NoBackground: true}))
	h.events = proof.Must(h.journal.Topic("conditions"))
	h.board = proof.Must(condition.New(t.Context(), condition.Options{DB: db, Events: condition.Partition(h.events), Now: h.now}))
	site := h.node("site", uuid.Nil, "a", "Site")
	h.node("line", site, "a", "Line")
	h.o = Options{DB: db, Store: h.store, Plant: h, Doors: []Door{h}, Board: h.board, Events: h.events, Now: h.now, Logger: proof.Logger(t), Retry: time.Millisecond}
	h.start()
	t.Cleanup(func() {
		h.stop()
		if err := errors.Join(h.store.Close(), h.journal.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// start makes the room and has it and the board run.
func (h *house) start() {
	h.service = proof.Must(New(h.t.Context(), h.o))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- h.board.Run(ctx) }()
	go func() { done <- h.service.Run(ctx) }()
	h.stop = func() {
		cancel()
		if err := errors.Join(<-done, <-done); err != nil {
			h.t.Error(err)
		}
	}
	proof.Wait(h.t, "the history", h.service.caught.Load)
}

func (h *house) at(d time.Duration) { h.clock.Store(after(d)) }

func (h *house) node(kind string, parent uuid.UUID, org, name string) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	h.nodes = append(h.nodes, Node{ID: id, Org: h.sides[org], Parent: parent, Kind: kind, Name: text.Text{Zh: name, En: name}, From: after(-time.Hour), To: store.Forever})
	return id
}

// machine adds a machine with one periodic point under the line, and returns the point.
func (h *house) machine(name string) *Point { return h.machineOf("a", h.nodes[1].ID, name) }

func (h *house) machineOf(org string, parent uuid.UUID, name string) *Point {
	m := h.node("machine", parent, org, name)
	p := Point{ID: uuid.Must(uuid.NewV7()), Org: h.sides[org], Machine: m, Key: name, Name: text.Text{En: name}, Every: period, From: after(-time.Hour), To: store.Forever}
	h.points = append(h.points, p)
	h.refs[p.ID] = proof.Must(h.store.Declare(h.t.Context(), []telemetry.Declaration{{ID: p.ID, Org: p.Org, Type: telemetry.Float64, Unit: "1", Report: telemetry.Periodic, MaxSilence: silence}}))[0]
	return &h.points[len(h.points)-1]
}

// tie connects a point's machine for ever.
func (h *house) tie(p *Point, by string, channel, link uuid.UUID) {
	h.ties = append(h.ties, Tie{Machine: p.Machine, By: by, Channel: channel, Name: text.Text{En: "the " + by}, Link: link, From: after(-time.Hour), To: store.Forever})
}

// row is a sample to be stored.
type row struct {
	p        *Point
	t        int64
	value    float64
	status   telemetry.Status
	flags    telemetry.Flags
	revision uint32
}

// put stores samples in one batch at the time of the clock.
func (h *house) put(rows ...row) {
	h.t.Helper()
	if len(rows) == 0 {
		return
	}
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for _, r := range rows {
		b.Ref, b.Time, b.Gateway = append(b.Ref, h.refs[r.p.ID]), append(b.Time, r.t), append(b.Gateway, r.t)
		b.Bits, b.Status, b.Flags, b.Revision = append(b.Bits, math.Float64bits(r.value)), append(b.Status, r.status), append(b.Flags, r.flags), append(b.Revision, r.revision)
	}
	h.seq++
	told := make(chan error, 1)
	err := h.store.Append(h.t.Context(), h.nodes[0].ID, 1, h.seq, b, func(_ telemetry.Receipt, err error) { told <- err })
	if err = errors.Join(err, <-told); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) flush() {
	if err := errors.Join(h.store.Flush(h.t.Context()), h.store.Compact(h.t.Context())); err != nil {
		h.t.Fatal(err)
	}
}

// written waits until the history holds so many outages, n of them ended.
func (h *house) written(all, ended int) {
	h.t.Helper()
	proof.Wait(h.t, "outages", func() bool {
		list := proof.Must(outages(h.t.Context(), h.db, auth.System(h.sides["a"]), 0, math.MaxInt64))
		n := 0
		for _, o := range list {
			if o.To < math.MaxInt64 {
				n++
			}
		}
		return len(list) == all && n == ended
	})
}

func (h *house) viewer() context.Context { return h.sides.As(auth.Viewer, "a") }
