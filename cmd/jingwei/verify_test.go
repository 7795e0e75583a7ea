package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
)

// verified runs jingwei verify in this process and tells its output and exit code.
func verified(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	root := rootCommand()
	var b bytes.Buffer
	root.SetOut(&b)
	root.SetErr(&b)
	root.SetArgs(append([]string{"verify"}, args...))
	err := root.ExecuteContext(t.Context())
	var usage usageError
	switch {
	case err == nil:
		return b.String(), 0
	case errors.As(err, &usage):
		code = 2
	default:
		code = 1
	}
	return b.String() + err.Error(), code
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(in(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := evidence.LoadKeys(file.OS(), in("keys"), "plant.example/evidence")
	if err != nil {
		t.Fatal(err)
	}
	l, err := evidence.Open(evidence.Options{FS: file.OS(), Dir: in("log"), Origin: "plant.example/evidence", Keys: keys, Now: time.Now, CheckpointEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	series := uuid.MustParse("01935d0e-7a00-7000-8000-0000000000a1")
	for i := range 300 {
		digest, err := evidence.Salted(evidence.SM3, [evidence.SaltSize]byte{}, fmt.Appendf(nil, "%d", i))
		if err != nil {
			t.Fatal(err)
		}
		e := evidence.Envelope{Kind: evidence.KindSamples, Subject: series, CommitTime: int64(i), Algorithm: evidence.SM3, Digest: digest}
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(ctx, [][]byte{b}); err != nil {
			t.Fatal(err)
		}
		if i == 99 {
			c, err := l.Publish(ctx)
			if err != nil {
				t.Fatal(err)
			}
			write("old", c.Text)
		}
	}
	if _, err := l.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	p, err := l.Proof(123)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write("proof.json", bundle)
	p.Entry[len(p.Entry)-3] ^= 1
	bundle, err = p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write("forged.json", bundle)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	vkey := filepath.Join(in("keys"), "evidence.vkey")
	ed, sm := keys[0].Verifier().String(), keys[1].Verifier().String()
	stranger, err := evidence.LoadKeys(file.OS(), in("stranger"), "plant.example/evidence")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := evidence.LoadKeys(file.OS(), in("foreign"), "other.example")
	if err != nil {
		t.Fatal(err)
	}
	try := func(code int, says string, args ...string) {
		t.Helper()
		for i := range args {
			if strings.HasPrefix(args[i], "@") {
				args[i] = in(args[i][1:])
			}
		}
		out, got := verified(t, args...)
		if got != code || !strings.Contains(out, says) {
			t.Errorf("%v ends with %d, want %d saying %q:\n%s", args, got, code, says, out)
		}
	}
	try(0, "proved: 300 entries", "log", "@log", "--key", vkey)
	try(0, "proved: the first 100 entries", "log", "@log", "--key", vkey, "--old", "@old")
	try(0, "signed by plant.example/evidence/sm2 (SM2)", "log", "@log", "--key", ed, "--key", sm)
	try(0, "was not checked", "log", "@log", "--key", ed)
	try(0, "proved: entry 123 is in the log", "proof", "@proof.json", "--key", vkey)
	try(0, "subject "+series.String(), "proof", "@proof.json", "--key", sm)
	try(1, "entry 123 is not in the tree", "proof", "@forged.json", "--key", vkey)
	try(1, "none of the given keys", "proof", "@proof.json", "--key", stranger[0].Verifier().String())
	try(1, "is of the log plant.example/evidence, not of other.example", "proof", "@proof.json", "--key", foreign[0].Verifier().String())
	try(1, "proof file", "proof", "@old", "--key", vkey)
	try(2, "--key", "log", "@log")
	try(2, "neither a public key", "log", "@log", "--key", "nothing")
	try(2, "copy the whole", "log", "@log", "--key", ed[:len(ed)-4])
	try(2, "two logs", "log", "@log", "--key", ed, "--key", foreign[0].Verifier().String())
	try(2, "no folder", "log", "@none", "--key", ed)
	try(2, "none", "proof", "@none", "--key", ed)
	try(2, "arg", "log", "--key", ed)
	write("long", bytes.Repeat([]byte("x"), evidence.MaxProofFile+1))
	try(2, "more than 262144 bytes", "proof", "@long", "--key", ed)
	try(2, "more than 262144 bytes", "log", "@log", "--key", ed, "--old", "@long")
	try(2, "no such file", "log", "@log", "--key", ed, "--old", "@none")
	try(1, "checkpoint: it is missing", "log", "@keys", "--key", ed)

	name := filepath.Join(in("log"), "tile", "entries", "000")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	try(1, "WRONG: tile/entries/000, entry 12", "log", "@log", "--key", ed, "--old", "@old")
}
