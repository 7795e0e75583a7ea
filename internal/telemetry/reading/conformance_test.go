//go:build conformance

package reading_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/reading"
	"jingwei/internal/telemetry/shown"
)

// pyarrow reads an Arrow stream with the reference implementation (C++) and writes one line for each row: times, bits of
// the value, status and the words that are coded by dictionaries.
const pyarrow = `
import struct, sys
import pyarrow as pa
with pa.ipc.open_stream(sys.argv[1]) as reader:
    for batch in reader:
        column = lambda name: batch.column(batch.schema.get_field_index(name))
        rows = {n: column(n).to_pylist() for n in ("series", "status", "statusName", "flags", "origin", "revision", "commit", "valueFloat64", "valueInt64", "valueBool", "valueString")}
        times = [column(n).cast(pa.int64()).to_pylist() for n in ("time", "gatewayTime")]
        for i in range(batch.num_rows):
            v = "null"
            if rows["valueFloat64"][i] is not None:
                v = struct.pack(">d", rows["valueFloat64"][i]).hex()
            elif rows["valueInt64"][i] is not None:
                v = str(rows["valueInt64"][i])
            elif rows["valueBool"][i] is not None:
                v = str(rows["valueBool"][i])
            elif rows["valueString"][i] is not None:
                v = rows["valueString"][i].encode().hex() + "."
            print(rows["series"][i], times[0][i], times[1][i], v, *(rows[n][i] for n in ("status", "statusName", "flags", "origin", "revision", "commit")))
`

func TestArrowIsReadByTheReferenceImplementation(t *testing.T) {
	python := os.Getenv("JINGWEI_PYTHON") // one that has pyarrow
	if python == "" {
		python = peertest.Look("python3")
	}
	if python == "" || exec.Command(python, "-c", "import pyarrow").Run() != nil {
		peertest.Missing(t, "a python3 with pyarrow (name it in JINGWEI_PYTHON)")
	}
	b, ids, refs, span := mixed(t, reading.DefaultLimits())
	name := filepath.Join(t.TempDir(), "samples.arrow")
	if err := os.WriteFile(name, b.answer(exportPath("arrow", ids, ""), "").Body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", pyarrow, name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var want []string
	for i, list := range b.stored(refs, span, false) {
		for _, s := range list {
			v := "null"
			switch s.Value.Type {
			case telemetry.Float64:
				v = fmt.Sprintf("%016x", s.Value.Bits)
			case telemetry.Int64:
				v = fmt.Sprint(int64(s.Value.Bits))
			case telemetry.Bool:
				v = map[uint64]string{0: "False", 1: "True"}[s.Value.Bits]
			case telemetry.String:
				v = fmt.Sprintf("%x.", s.Value.Text)
			}
			want = append(want, fmt.Sprint(ids[i], " ", s.Time, " ", s.Gateway, " ", v, " ", uint32(s.Status), " ", shown.StatusName(s.Status), " ", uint16(s.Flags), " replayed 0 ", s.Commit))
		}
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("row %d\n got  %s\n want %s", i, got[i], want[i])
		}
	}
}
