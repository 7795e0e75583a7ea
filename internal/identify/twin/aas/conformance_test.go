//go:build conformance

package aas

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// fileJudge says of each file of a folder, by name, whether the judge takes it.
const fileJudge = `
import io, json, os, sys
from aas_test_engines import file
out = {}
for name in sorted(os.listdir(sys.argv[1])):
    with open(os.path.join(sys.argv[1], name), "rb") as f:
        b = f.read()
    try:
        out[name] = file.check_json_file(io.StringIO(b.decode())).ok()
    except Exception as e:
        out[name] = "broke: " + repr(e)[:100]
print(json.dumps(out))
`

// TestReferenceJudgesFiles asks PyPI aas_test_engines 1.0.2 (JINGWEI_AAS_PYTHON or python3), which its own authors wrote from the
// specification, about every fourth vector: what it takes must be what we find nothing wrong with.
func TestReferenceJudgesFiles(t *testing.T) {
	python := os.Getenv("JINGWEI_AAS_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import aas_test_engines").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: %s has no aas_test_engines: %s", python, out)
	}
	dir, want, from := t.TempDir(), map[string]bool{}, map[string]string{}
	n := 0
	vectors(t, func(name string, b []byte) {
		if !isEnvironment(name) || path.Ext(name) != ".json" {
			return
		}
		if n++; n%4 != 0 {
			return
		}
		docs, err := ReadEnvironment(b)
		file := strings.ReplaceAll(name, "/", "+")
		want[file], from[file] = told(docs, err) == "valid" && !emptyLists(name), name
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	script := filepath.Join(t.TempDir(), "judge.py")
	if err := os.WriteFile(script, []byte(fileJudge), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, script, dir).Output()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	laxer, stricter := map[string]int{}, map[string]int{}
	for file, ours := range want {
		theirs, _ := got[file].(bool)
		kind := strings.Join(strings.Split(from[file], "/")[2:5], "/")
		switch {
		case ours && !theirs:
			stricter[kind]++
		case !ours && theirs:
			laxer[kind]++
		}
	}
	delete(stricter, "Expected/Range/OverMinMaxExamples") // the greatest double, whose decimal digits the judge does not take
	if len(laxer)+len(stricter) > 0 {
		t.Error("the judge differs")
	}
	t.Logf("%d files judged; the judge refuses of what we take: %v; it takes of what we refuse or warn of: %v", len(want), stricter, laxer)
}
