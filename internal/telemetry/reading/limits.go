package reading

import (
	"context"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/telemetry"
)

// Limits say what one caller may cost the node. What is above them is refused with the number and the way out.
type Limits struct {
	Rows      uint64 // samples that one query looks at one by one; raw pages read only what they show and are not counted
	Memory    int64  // bytes that one query takes while it runs, estimated
	SheetRows int    // rows of an XLSX file; a sheet has 1,048,576
	SheetText int64  // bytes of texts in one
	Pulls     int    // exports, and queries above PullRows, that run at once on the node
	PullsEach int    // of them of one caller
	PullRows  uint64 // samples from which on a query is a pull
}

// DefaultLimits are for a node of two cores and 2 GB: the greatest query takes some seconds.
func DefaultLimits() Limits {
	return Limits{Rows: 100_000_000, Memory: 512 << 20, SheetRows: 1_000_000, SheetText: 256 << 20, Pulls: 4, PullsEach: 2, PullRows: 5_000_000}
}

// WithLimits sets other limits, before Routes.
func (s *Service) WithLimits(l Limits) *Service {
	s.limits = l
	return s
}

// gate counts the pulls that run.
type gate struct {
	mu   sync.Mutex
	open int
	by   map[uuid.UUID]int
}

// retryPull is how many seconds a caller is asked to wait, who finds the gate shut.
const retryPull = 10

// pull takes a place for a pull; release gives it back. Errors: ErrPullsEach, ErrPulls.
func (s *Service) pull(ctx context.Context) (release func(), err error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return nil, err
	}
	g := &s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.by[p.ID] >= s.limits.PullsEach:
		return nil, ErrPullsEach.With("max", s.limits.PullsEach).Header("Retry-After", strconv.Itoa(retryPull))
	case g.open >= s.limits.Pulls:
		return nil, ErrPulls.With("max", s.limits.Pulls).Header("Retry-After", strconv.Itoa(retryPull))
	}
	if g.by == nil {
		g.by = map[uuid.UUID]int{}
	}
	g.open++
	g.by[p.ID]++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.open--
		if g.by[p.ID]--; g.by[p.ID] == 0 {
			delete(g.by, p.ID)
		}
	}), nil
}

// QueryCost tells what a query would read. It is found out from the directories of the store, without reading samples.
type QueryCost struct {
	Series    int    `json:"series"`
	Blocks    int    `json:"blocks" doc:"Files that hold something of it"`
	Chunks    int    `json:"chunks" doc:"Parts of the files"`
	Rows      uint64 `json:"rows" doc:"Samples in these parts; a part that reaches into the span counts whole"`
	Summaries int    `json:"summaries" doc:"Parts whose summary serves in place of their samples (aggregates)"`
	Decoded   uint64 `json:"decoded" doc:"Samples that are looked at one by one, those in memory too"`
	Bytes     int64  `json:"bytes" doc:"To be read from the files"`
	Heads     int    `json:"heads" doc:"Memory tables that hold something of it"`
	HeadRows  uint64 `json:"headRows" doc:"Samples in them"`
	Cells     int64  `json:"cells" doc:"Buckets, values on a grid or pixels of the answer; 0 for raw samples"`
	Memory    int64  `json:"memory" doc:"Bytes that the read takes while it runs, estimated"`

	MaxDecoded uint64 `json:"maxDecoded" doc:"Of decoded; 0: not bounded, because samples are read as they are shown or streamed"`
	MaxMemory  int64  `json:"maxMemory" doc:"Of memory"`
	Allowed    bool   `json:"allowed" doc:"Whether the query would be answered"`
}

// bytesOfCell is an estimate of a bucket or a sample on its way to JSON.
const bytesOfCell = 600

// weigh finds out what a query costs. lazy tells that samples are read only as they are given out.
func (s *Service) weigh(ctx context.Context, refs []telemetry.Ref, span telemetry.Span, o telemetry.CostOptions, cells int64, lazy bool) (QueryCost, error) {
	c, err := s.store.Cost(ctx, refs, span, o)
	if err != nil {
		return QueryCost{}, translate(err)
	}
	q := QueryCost{
		Series: c.Series, Blocks: c.Blocks, Chunks: c.Chunks, Rows: c.Rows, Summaries: c.Summaries, Decoded: c.Decoded(), Bytes: c.Bytes,
		Heads: c.Heads, HeadRows: c.HeadRows, Cells: cells, Memory: c.Memory + cells*bytesOfCell, MaxMemory: s.limits.Memory,
	}
	if !lazy {
		q.MaxDecoded = s.limits.Rows
	}
	q.Allowed = q.Memory <= q.MaxMemory && (lazy || q.Decoded <= q.MaxDecoded)
	return q, nil
}

// admit refuses what is too costly, and takes a place at the gate for what is large; release gives it back.
func (s *Service) admit(ctx context.Context, q QueryCost) (release func(), err error) {
	if !q.Allowed {
		const mb = 1 << 20
		return nil, ErrCostly.With("rows", q.Decoded).With("maxRows", s.limits.Rows).With("memory", (q.Memory+mb-1)/mb).With("maxMemory", q.MaxMemory/mb)
	}
	if q.MaxDecoded > 0 && q.Decoded > s.limits.PullRows {
		return s.pull(ctx)
	}
	return func() {}, nil
}
