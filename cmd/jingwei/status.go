package main

import (
	"context"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/auth"
)

// nodeStatus is what GET /node answers. The figures are sums over all tenants: only those who may read the node's
// metrics see them.
type nodeStatus struct {
	Name      string         `json:"name"`
	Version   string         `json:"version"`
	Started   time.Time      `json:"started"`
	Now       time.Time      `json:"now"`
	Ingest    *ingestStatus  `json:"ingest,omitempty" doc:"For those who may read the node's metrics"`
	Log       *logStatus     `json:"log,omitempty"`
	Telemetry *storageStatus `json:"telemetry,omitempty"`
}

type ingestStatus struct {
	SamplesPerSecond float64 `json:"samplesPerSecond" doc:"Over the last seconds"`
	Samples          uint64  `json:"samples,string" doc:"Accepted since the start"`
	Batches          uint64  `json:"batches,string"`
	Duplicates       uint64  `json:"duplicates,string" doc:"Batches sent again and dropped"`
	Refused          uint64  `json:"refused,string" doc:"Batches refused"`
}

type logStatus struct {
	Bytes int64  `json:"bytes,string" doc:"On disk"`
	Last  uint64 `json:"last,string" doc:"Last commit number"`
}

type storageStatus struct {
	Series int   `json:"series"`
	Blocks int   `json:"blocks"`
	Bytes  int64 `json:"bytes,string" doc:"Of blocks, on disk"`
}

func (n *node) statusRoute() {
	huma.Register(n.api.Huma(), huma.Operation{
		OperationID: "get-node", Method: http.MethodGet, Path: "/node", Tags: []string{"node"}, Summary: "The node's own figures",
	}, func(ctx context.Context, _ *struct{}) (*struct{ Body nodeStatus }, error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		out := &struct{ Body nodeStatus }{nodeStatus{Name: n.cfg.Node.Name, Version: version, Started: n.started.UTC(), Now: n.now().UTC()}}
		if _, err := auth.AllowNode(ctx, auth.Metrics); err != nil {
			return out, nil
		}
		s, l := n.telemetry.Stats(), n.journal.Stats()
		out.Body.Ingest = &ingestStatus{
			SamplesPerSecond: n.rate.now(), Samples: s.Samples, Batches: s.Batches, Duplicates: s.Duplicates, Refused: s.Refused,
		}
		out.Body.Log = &logStatus{Bytes: l.DiskBytes, Last: n.journal.Last().Number}
		out.Body.Telemetry = &storageStatus{Series: s.Series, Blocks: s.Blocks, Bytes: s.Bytes}
		return out, nil
	})
}

// rate is how fast the accepted samples grow, measured every rateSpan.
type rate struct{ bits atomic.Uint64 }

const rateSpan = 2 * time.Second

func (r *rate) now() float64 { return math.Float64frombits(r.bits.Load()) }

// watchRate measures until ctx ends.
func (n *node) watchRate(ctx context.Context) error {
	t := time.NewTicker(rateSpan)
	defer t.Stop()
	at, before := n.now(), n.telemetry.Stats().Samples
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		now, samples := n.now(), n.telemetry.Stats().Samples
		if passed := now.Sub(at).Seconds(); passed > 0 {
			n.rate.bits.Store(math.Float64bits(float64(samples-before) / passed))
		}
		at, before = now, samples
	}
}
