package telemetry

import (
	"context"
	"slices"
	"testing"
)

// Days with many rows in few bytes have cells of their own, and merging comes to an end with them.
func TestMergingEndsWhereManyRowsTakeFewBytes(t *testing.T) {
	n, _ := memoryNode(t, 1)
	ref := n.declare(t, Float64)[0]
	const days, rows = 16, ownCellRows
	n.clock.add(days * 24 * 3600e9)
	const batch = rows / 4
	for k := range int64(4 * days) {
		b := &Batch{Origin: Measured, Ref: slices.Repeat([]Ref{ref}, batch), Bits: make([]uint64, batch)}
		for i := range int64(batch) {
			at := begin + k/4*day + (k%4*batch+i)*1e9
			b.Time, b.Gateway = append(b.Time, at), append(b.Gateway, at)
		}
		n.mustAppend(t, 1, uint64(k+1), b)
	}
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	for merges := 0; ; merges++ {
		more, err := n.store.compactOnce(context.Background(), true)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
		if merges == days {
			t.Fatalf("%d merges of %d days, and no end", merges, days)
		}
	}
}

// Late rows of which each series has few share one cell, however many days they are for; a day that has many does not.
func TestThinCellsGoTogether(t *testing.T) {
	const series = 20_000
	byDay := map[int32]uint64{20514: 2_000_000, 20513: 150_000}
	for d := int32(20484); d < 20513; d++ {
		byDay[d] = 3_000
	}
	of := map[cell]bool{}
	for _, c := range assign(byDay, series, 0) {
		of[c] = true
	}
	if len(of) != 3 || !of[cell{0, 20514}] || !of[cell{0, 20513}] {
		t.Errorf("many series, few rows of each: %v", of)
	}
	clear(of)
	for _, c := range assign(map[int32]uint64{20514: 200_000, 20513: 3_000, 20512: 3_000}, 50, 0) {
		of[c] = true
	}
	if len(of) != 3 {
		t.Errorf("few series, many rows of each: %v", of)
	}
}
