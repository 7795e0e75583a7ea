package aas

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/peertest"
)

// TestAnotherImplementationJudgesAlike asks aas-core3.0-typescript about the vectors, and about what we write of those we read.
func TestAnotherImplementationJudgesAlike(t *testing.T) {
	dir := peertest.Node(t, "@aas-core-works/aas-core3.0-typescript")
	var questions, want, names []string
	ask := func(name, answer string, b []byte) {
		questions, want, names = append(questions, string(b)), append(want, answer), append(names, name)
	}
	n := 0
	vectors(t, func(name string, b []byte) {
		if !isEnvironment(name) || path.Ext(name) != ".json" || emptyLists(name) {
			return
		}
		if n++; n%3 != 0 {
			return
		}
		docs, err := ReadEnvironment(b)
		ask(name, told(docs, err), b)
		if err == nil && len(docs) > 0 {
			out, err := Encode(Environment(docs))
			if err != nil {
				t.Fatal(err)
			}
			ask(name+" as we write it", told(docs, nil), out)
		}
	})
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(peertest.Require(t, "node"), filepath.Join(dir, "aas.mjs"))
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got []string
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(want) {
		t.Fatalf("%d answers to %d questions: %v", len(got), len(want), err)
	}
	differ := 0
	for i := range want {
		if got[i] != want[i] && !stricter(names[i], want[i]) {
			differ++
			t.Errorf("%s: we say %s, the other %s", names[i], want[i], got[i])
		}
	}
	t.Logf("%d judged, %d differently", len(want), differ)
}

// stricter tells where we mean to refuse what the other takes: properties that the metamodel does not know, which it passes over,
// and an id that is too short or too long to keep anything under it.
func stricter(name, ours string) bool {
	return ours == "refused" && (strings.Contains(name, "UnexpectedAdditionalProperty") || strings.Contains(name, "LengthViolation") && strings.HasSuffix(name, "/id.json"))
}
