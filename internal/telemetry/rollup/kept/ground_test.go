package kept

import (
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/rebuild"
)

// rebuilt makes rows again as somebody does who was handed their ground and the samples that it names, and nothing else.
func (n *node) rebuilt(what string, id uuid.UUID, level rollup.Level, span telemetry.Span) {
	n.t.Helper()
	g := proof.Must(n.service.Ground(n.t.Context(), Question{Series: id, Level: level, Span: span}))
	now := n.clock.UnixNano()
	ref, _ := n.store.Lookup(id)
	var samples rebuild.Samples
	err := n.store.Scan(n.t.Context(), ref, telemetry.Span{From: 0, To: telemetry.MaxTime}, telemetry.ScanOptions{Columns: block.All, History: true}, func(r *telemetry.Run) bool {
		for i, t := range r.Time {
			if handed := t >= g.Span.From && t < g.Span.To || g.Before.Known && t == g.Before.Time; !handed {
				continue
			}
			row := tuple.Row{Time: t, Commit: uint64(r.Commit[i]), Revision: r.Revision[i], Gateway: r.Gateway[i], Status: r.Status[i], Flags: uint16(telemetry.Flags(r.Flags[i]) &^ telemetry.Rival), Origin: uint8(r.Origin[i])}
			if telemetry.Flags(row.Flags)&telemetry.NoValue == 0 {
				if row.Type = tuple.Type(r.Type); r.Type == telemetry.String {
					row.Text = r.Text[i]
				} else {
					row.Bits = r.Bits[i]
				}
			}
			if err := samples.Add(&row); err != nil {
				n.t.Fatal(err)
			}
		}
		return true
	})
	if err != nil {
		n.t.Fatal(err)
	}
	buckets := make([]telemetry.Span, len(g.Results))
	for i, r := range g.Results {
		buckets[i] = telemetry.Span{From: r.From, To: r.To}
	}
	rows := proof.Must(samples.Rows(&g.Definition, buckets, now))
	for i, r := range g.Results {
		if r.Open {
			continue // its cover grows
		}
		if rows[i] == nil || !rebuild.Same(rows[i], &r.Row) {
			n.t.Fatalf("%s: %s row %d is made again as %s, and is %s", what, level, i, fmt.Sprintf("%+v", rows[i]), r.String())
		}
	}
}
