package main

import (
	"context"
	"fmt"
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
	Demo      bool           `json:"demo,omitempty" doc:"What the node holds is demonstration data"`
	Ingest    *ingestStatus  `json:"ingest,omitempty" doc:"For those who may read the node's metrics"`
	Log       *logStatus     `json:"log,omitempty"`
	Telemetry *storageStatus `json:"telemetry,omitempty"`
}

type ingestStatus struct {
	SamplesPerSecond float64 `json:"samplesPerSecond" doc:"Over the last seconds"`
	Samples          string  `json:"samples" doc:"Accepted since the start"`
	Batches          string  `json:"batches"`
	Duplicates       string  `json:"duplicates" doc:"Batches sent again and dropped"`
	Refused          string  `json:"refused" doc:"Batches refused"`
}

type logStatus struct {
	Bytes string `json:"bytes" doc:"On disk"`
	Last  string `json:"last" doc:"Last commit number"`
}

type storageStatus struct {
	Series int    `json:"series"`
	Blocks int    `json:"blocks"`
	Bytes  string `json:"bytes" doc:"Of blocks, on disk"`
}

func (n *node) statusRoute() {
	huma.Register(n.api.Huma(), huma.Operation{
		OperationID: "get-node", Method: http.MethodGet, Path: "/node", Tags: []string{"node"}, Summary: "The node's own figures",
	}, func(ctx context.Context, _ *struct{}) (*struct{ Body nodeStatus }, error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		out := &struct{ Body nodeStatus }{nodeStatus{Name: n.cfg.Node.Name, Version: version, Started: n.started.UTC(), Now: n.now().UTC(), Demo: n.demo}}
		if _, err := auth.AllowNode(ctx, auth.Metrics); err != nil {
			return out, nil
		}
		s, l := n.telemetry.Stats(), n.journal.Stats()
		out.Body.Ingest = &ingestStatus{
			SamplesPerSecond: n.rate.now(), Samples: count(s.Samples), Batches: count(s.Batches), Duplicates: count(s.Duplicates), Refused: count(s.Refused),
		}
		out.Body.Log = &logStatus{Bytes: count(l.DiskBytes), Last: count(n.journal.Last().Number)}
		out.Body.Telemetry = &storageStatus{Series: s.Series, Blocks: s.Blocks, Bytes: count(s.Bytes)}
		return out, nil
	})
}

// count writes a 64-bit number as the API does: as a string, which no reader rounds.
func count[N int64 | uint64](n N) string { return fmt.Sprint(n) }

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
