package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry/seal"
)

// TestVerifySamples proves files as an auditor holds them, written here by hand and not by the room.
func TestVerifySamples(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	fine := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, data string) string {
		t.Helper()
		fine(os.WriteFile(in(name), []byte(data), 0o600))
		return in(name)
	}
	ctx := context.Background()
	keys, err := evidence.LoadKeys(file.OS(), in("keys"), "plant.example/evidence")
	fine(err)
	l, err := evidence.Open(evidence.Options{FS: file.OS(), Dir: in("log"), Origin: "plant.example/evidence", Keys: keys, Now: time.Now, CheckpointEvery: -1})
	fine(err)
	defer l.Close()

	series := uuid.MustParse("01935d0e-7a00-7000-8000-0000000000a1")
	const day = 20777 // 2026-11-20
	at := int64(day) * 86400e9
	canonical, err := tuple.Encode(tuple.Header{Series: series, Day: day}, []tuple.Row{
		{Time: at, Commit: 7, Gateway: at + 1, Origin: 1, Type: tuple.Float64, Bits: 0x3ff8000000000000},
		{Time: at, Commit: 8, Revision: 1, Gateway: at + 2, Status: 0x809b0000, Flags: 0x4001, Origin: 3},
		{Time: at + 1e9, Commit: 7, Gateway: at + 1, Origin: 1, Type: tuple.Float64, Bits: 0x7ff0000000000000},
	})
	fine(err)
	salt := [32]byte{1, 2, 3}
	record := "jingwei-record/1\nrecord 10\ncorrection\nreason 6\nratio\n\n"
	var entries [][]byte
	for kind, payload := range map[string][]byte{evidence.KindSamples: canonical, evidence.KindCorrection: []byte(record)} {
		digest, err := evidence.Salted(evidence.SHA256, salt, payload)
		fine(err)
		e := evidence.Envelope{Kind: kind, Subject: series, CommitTime: at + 86400e9 - 1, Algorithm: evidence.SHA256, Digest: digest}
		entry, err := e.Encode()
		fine(err)
		if kind == evidence.KindSamples {
			entries = append([][]byte{entry}, entries...)
		} else {
			entries = append(entries, entry)
		}
	}
	_, err = l.Append(ctx, entries[:1])
	fine(err)
	old, err := l.Publish(ctx)
	fine(err)
	_, err = l.Append(ctx, entries[1:])
	fine(err)
	_, err = l.Publish(ctx)
	fine(err)
	bundle := func(i uint64, kind, day string) string {
		p, err := l.Proof(i)
		fine(err)
		b := seal.Bundle{Kind: kind, Subject: series, Day: day, FirstCommit: 7, LastCommit: 9, Salt: salt[:], Proof: p, Since: &seal.Consistency{Size: old.Size}}
		b.Since.Hashes, err = l.ConsistencyProof(old.Size, 2)
		fine(err)
		text, err := b.Encode()
		fine(err)
		return string(text)
	}

	head := `{"series":"01935d0e-7a00-7000-8000-0000000000a1","day":"2026-11-20"}` + "\n"
	row1 := `{"time":"2026-11-20T00:00:00Z","commit":"7","revision":0,"gateway":"2026-11-20T00:00:00.000000001Z","status":0,"flags":0,"origin":1,"type":"float64","value":1.5}` + "\n"
	row2 := `{"time":"2026-11-20T00:00:00Z","commit":"8","revision":1,"gateway":"2026-11-20T00:00:00.000000002Z","status":2157641728,"flags":16385,"origin":3,"type":"none"}` + "\n"
	row3 := `{"time":"2026-11-20T00:00:01Z","commit":"7","revision":0,"gateway":"2026-11-20T00:00:00.000000001Z","status":0,"flags":0,"origin":1,"type":"float64","bits":"7ff0000000000000"}` + "\n"
	tail := `{"rows":"3"}` + "\n"
	key, older := in("keys/evidence.vkey"), write("old", string(old.Text))
	proof := write("proof.json", bundle(0, "samples", "2026-11-20"))
	out, code := verified(t, "samples", write("rows.jsonl", head+row1+row2+row3+tail), "--proof", proof, "--key", key, "--old", older)
	for _, want := range []string{"3 samples of series 01935d0e-7a00-7000-8000-0000000000a1, committed on 2026-11-20 (UTC), are those that were sealed", "entry 0", "goes on from the older checkpoint", "signed by plant.example/evidence (", "sm2"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("%d %s; want %q", code, out, want)
		}
	}
	for _, c := range []struct {
		what, rows, says string
	}{
		{"a value", head + strings.Replace(row1, "1.5", "1.6", 1) + row2 + row3 + tail, "the 3 rows of series 01935d0e-7a00-7000-8000-0000000000a1 of 2026-11-20 are not those that were sealed"},
		{"a spelling", head + strings.Replace(row1, "1.5", "1.50", 1) + row2 + row3 + tail, "line 2: from byte"},
		{"another day's commit", head + row1 + strings.Replace(row2, `"8"`, `"10"`, 1) + row3 + tail, "line 3: commit 10 is none of the day's"},
		{"the order", head + row2 + row1 + row3 + tail, "line 3: the row does not come after the one before it"},
		{"a row left out", head + row1 + row3 + tail, `line 4: the file ends with "{\"rows\":\"3\"}", but 2 rows stand before it`},
		{"a row left out, and the count", head + row1 + row3 + strings.Replace(tail, "3", "2", 1), "the 2 rows of series"},
		{"the end", head + row1 + row2, "line 4: the file ends before"},
		{"another series", strings.Replace(head, "a1", "a2", 1) + row1 + row2 + row3 + tail, "line 1: the file begins with"},
	} {
		if out, code := verified(t, "samples", write("bad.jsonl", c.rows), "--proof", proof, "--key", key); code != 1 || !strings.Contains(out, c.says) {
			t.Errorf("%s: %d %s", c.what, code, out)
		}
	}
	wrongDay := write("day.json", bundle(0, "samples", "2026-11-21"))
	if out, code := verified(t, "samples", in("rows.jsonl"), "--proof", wrongDay, "--key", key); code != 1 || !strings.Contains(out, "is of 2026-11-20, the proof speaks of") {
		t.Errorf("%d %s", code, out)
	}
	for _, args := range [][]string{{"samples", in("rows.jsonl"), "--key", key}, {"samples", in("rows.jsonl"), "--proof", proof}, {"samples", in("none"), "--proof", proof, "--key", key}, {"record"}} {
		if out, code := verified(t, args...); code != 2 {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
	proof = write("record.json", bundle(1, "correction", ""))
	if out, code := verified(t, "record", write("record.txt", record), "--proof", proof, "--key", key, "--old", older); code != 0 || !strings.Contains(out, "the record is the correction of "+series.String()) {
		t.Errorf("%d %s", code, out)
	}
	if out, code := verified(t, "record", write("record.txt", strings.Replace(record, "ratio", "Ratio", 1)), "--proof", proof, "--key", key); code != 1 || !strings.Contains(out, "is not the correction of "+series.String()) {
		t.Errorf("%d %s", code, out)
	}
}
