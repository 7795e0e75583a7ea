package seal

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/telemetry/correction"
)

func withdraw(from, to time.Time) correction.Words {
	return correction.Words{Kind: correction.Withdraw, From: from, To: to, Reason: "a test run"}
}

func entryFor(n *node, side string) audit.Entry {
	return audit.Entry{Time: n.clock, Org: n.sides[side], Actor: audit.Actor{Kind: "person", ID: "p", Name: "李"}, Via: "session", Verb: "plant.node.move",
		Object: audit.Object{Kind: "plant.node", ID: "m1"}, Before: json.RawMessage(`{"parent":  "a"}`), Reason: "layout\nof the hall"}
}

func setLog(to string) func(context.Context, bun.Tx) error {
	return func(ctx context.Context, tx bun.Tx) error { return setCursor(ctx, tx, cursorLog, to) }
}

// harmless tells whether two bundles are the same but for spelling and for the hints that the proof does not cover.
func harmless(a, b []byte) bool {
	x, err := ParseBundle(a)
	y, err2 := ParseBundle(b)
	if err != nil || err2 != nil {
		return false
	}
	x.FirstCommit, x.LastCommit = y.FirstCommit, y.LastCommit
	return reflect.DeepEqual(x, y)
}

func cutLine(b []byte, i int) []byte {
	lines := bytes.SplitAfter(b, []byte("\n"))
	return bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil)
}

func twice(b []byte, i int) []byte {
	lines := bytes.SplitAfter(b, []byte("\n"))
	return bytes.Join(append(append([][]byte{}, lines[:i+1]...), lines[i:]...), nil)
}
