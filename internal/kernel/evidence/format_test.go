package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/proof"
)

var update = flag.Bool("update", false, "write the golden files anew")

func exampleEnvelope() Envelope {
	digest := proof.Must(Salted(SHA256, [SaltSize]byte{1, 2, 3}, []byte("canonical bytes")))
	return Envelope{
		Kind: KindSamples, Subject: uuid.MustParse("01935d0e-7a00-7000-8000-0000000000a1"),
		Org: uuid.MustParse("01935d0e-7a00-7000-8000-0000000000b2"), CommitTime: 1795348800_000000001,
		Algorithm: SHA256, Digest: digest, Public: []byte(`{"day":20779}`),
	}
}

// TestFormatIsAsCommitted holds the code to testdata/format-v1.txt, which holds every file of a small log.
func TestFormatIsAsCommitted(t *testing.T) {
	d := fault.NewDisk(1)
	l := start(t, manual(d, "/log"))
	e := exampleEnvelope()
	entries := [][]byte{proof.Must(e.Encode())}
	e.Kind, e.Algorithm, e.Org, e.Public = KindAudit, SM3, uuid.Nil, nil
	e.Digest = proof.Must(Salted(SM3, [SaltSize]byte{4, 5, 6}, []byte("canonical bytes")))
	entries = append(entries, proof.Must(e.Encode()), []byte("bytes of any other form"))
	add(t, l, entries...)
	publish(t, l)
	var b strings.Builder
	for _, s := range testKeys {
		fmt.Fprintf(&b, "vkey %s\n%s\n\n", s.Verifier().Algorithm(), s.Verifier())
	}
	for _, p := range tree(t, d, "/log") {
		data := proof.Must(readFile(d, filepath.Join("/log", p), 1<<20))
		fmt.Fprintf(&b, "file %s, %d bytes\n", p, len(data))
		if p == checkpointFile {
			b.Write(data)
		} else {
			b.WriteString(hex.Dump(data))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "proof file of entry 1\n%s", proof.Must(proof.Must(l.Proof(1)).Encode()))
	const golden = "testdata/format-v1.txt"
	if *update {
		must(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want := proof.Must(os.ReadFile(golden))
	if b.String() != string(want) {
		t.Errorf("the format has changed:\n%s", b.String())
	}
}

// TestRecordedJournalIsRead: a journal that version 1 wrote once, with its random salt.
func TestRecordedJournalIsRead(t *testing.T) {
	const golden = "testdata/pending-v1.hex"
	if *update {
		d := fault.NewDisk(1)
		l := start(t, manual(d, "/log"))
		add(t, l, text(0, 3)...)
		add(t, l, text(3, 1)...)
		data := proof.Must(readFile(d, l.journal.name, 1<<30))
		must(t, os.WriteFile(golden, []byte(hex.Dump(data[:4*journalPage])), 0o644))
	}
	data := undump(t, golden)
	first, entries, err := parseJournal(data)
	if err != nil || first != 0 || !slices.EqualFunc(entries, text(0, 4), bytes.Equal) {
		t.Errorf("%d %q %v", first, entries, err)
	}
}

// undump is the inverse of hex.Dump (its lines of repeated zeros are all there).
func undump(t testing.TB, name string) (out []byte) {
	for line := range strings.Lines(string(proof.Must(os.ReadFile(name)))) {
		if len(line) < 60 {
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(line[10:58], " ", ""))
		must(t, err)
		out = append(out, b...)
	}
	return out
}

func TestEnvelopesAreReadAsWritten(t *testing.T) {
	e := exampleEnvelope()
	b, err := e.Encode()
	must(t, err)
	got, err := ParseEnvelope(b)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(e) {
		t.Errorf("%v %v", got, err)
	}
	for i := range b {
		if _, err := ParseEnvelope(b[:i]); err == nil {
			t.Errorf("cut to %d bytes it is read", i)
		}
	}
	if _, err := ParseEnvelope(append(b, 0)); err == nil {
		t.Error("with a byte more it is read")
	}
	for what, change := range map[string]func(*Envelope){
		"kind \"Samples\"": func(e *Envelope) { e.Kind = "Samples" }, "kind \"\"": func(e *Envelope) { e.Kind = "" },
		"kind \"1a\"": func(e *Envelope) { e.Kind = "1a" }, "at most 4096": func(e *Envelope) { e.Public = make([]byte, 4097) },
		"md5": func(e *Envelope) { e.Algorithm = "md5" }, "digest has 31": func(e *Envelope) { e.Digest = e.Digest[1:] },
	} {
		e := exampleEnvelope()
		change(&e)
		if _, err := e.Encode(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestSaltedDigests compares with digests that sha256sum and openssl dgst -sm3 gave for the same 32+3 bytes.
func TestSaltedDigests(t *testing.T) {
	var salt [SaltSize]byte
	for i := range salt {
		salt[i] = byte(i)
	}
	for a, want := range map[Algorithm]string{
		SHA256: "42fd4a8c529fdb402d577c701b291018f0b2c52207f96e2a057483fd349a9868",
		SM3:    "eeb5ee8cb6b58e4d8774b860a8ce1287335bb489f54ade260b28340a8d32829c",
	} {
		got, err := Salted(a, salt, []byte("abc"))
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%s: %x %v", a, got, err)
		}
		h, err := NewSalted(a, salt)
		must(t, err)
		h.Write([]byte("a"))
		h.Write([]byte("bc"))
		if hex.EncodeToString(h.Sum(nil)) != want {
			t.Errorf("%s in pieces differs", a)
		}
	}
}

// TestSM2OfOpenSSL: a signature that OpenSSL 3.0.19 made (pkeyutl -rawin -digest sm3 -pkeyopt distid:1234567812345678)
// is good, and for another text it is not.
func TestSM2OfOpenSSL(t *testing.T) {
	point := proof.Must(hex.DecodeString("04d4557ac98588a1191a8b19286c8c1fd1dc9100ac93e8b023603dbabe42016efe717a269809f63654a7146694a164a38117b433e9378a6e56882715be57172196"))
	sig := proof.Must(hex.DecodeString("0af1edf943eaa419c0ae478ab0f80185c28e9d3c816b682f58158affcc7c6f93" + "37920469cc6d57c8fe47f1fda7dc8aaa818e62f87a0bade41028ca02c85c4d0e"))
	key := append([]byte(sm2Type), point...)
	v, err := ParseVerifier(fmt.Sprintf("x/sm2+%08x+%s", keyHash("x/sm2", key), base64.StdEncoding.EncodeToString(key)))
	must(t, err)
	if !v.Verify([]byte("plant.example/evidence\n1\nAAAA\n"), sig) || v.Algorithm() != SM2 || OriginOf(v) != "x" {
		t.Error("it is refused")
	}
	if v.Verify([]byte("plant.example/evidence\n2\nAAAA\n"), sig) || v.Verify(nil, sig[:63]) {
		t.Error("anything is accepted")
	}
}

// TestSignaturesOfAllLengths: r and s that begin with zero bytes survive the way to 64 bytes and back.
func TestSignaturesOfAllLengths(t *testing.T) {
	s := testKeys[1]
	short := 0
	for i := range 600 {
		msg := fmt.Appendf(nil, "message %d", i)
		sig, err := s.Sign(msg)
		if err != nil || len(sig) != sm2SignatureSize || !s.Verifier().Verify(msg, sig) {
			t.Fatalf("%x %v", sig, err)
		}
		if sig[0] == 0 || sig[32] == 0 {
			short++
		}
	}
	if short == 0 {
		t.Error("none was short")
	}
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	first, err := LoadKeys(file.OS(), dir, origin)
	must(t, err)
	second, err := LoadKeys(file.OS(), dir, origin)
	must(t, err)
	vkeys := string(proof.Must(os.ReadFile(filepath.Join(dir, vkeysFile))))
	for i := range first {
		v := first[i].Verifier()
		if v.String() != second[i].Verifier().String() || OriginOf(v) != origin || !strings.Contains(vkeys, v.String()+"\n") {
			t.Errorf("key %d: %s, %s", i, v, second[i].Verifier())
		}
		parsed, err := ParseVerifier(v.String())
		must(t, err)
		sig, err := second[i].Sign([]byte("text\n"))
		if err != nil || !parsed.Verify([]byte("text\n"), sig) || parsed.Verify([]byte("another\n"), sig) {
			t.Errorf("%s: %v", v.Algorithm(), err)
		}
	}
	if first[0].Verifier().Algorithm() != Ed25519 || first[1].Verifier().Algorithm() != SM2 || len(first) != 2 {
		t.Error("other keys, or in another order")
	}
	info := proof.Must(os.Stat(filepath.Join(dir, secretsFile)))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the private keys have the mode %v", info.Mode())
	}
	if strings.Contains(vkeys, "PRIVATE") {
		t.Error("the public file has a private key")
	}
	if _, err := LoadKeys(file.OS(), dir, "other.example"); err == nil || !strings.Contains(err.Error(), origin) {
		t.Errorf("keys of another log: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, secretsFile), []byte("PRIVATE+KEY+x+00000000+AAAA\n"), 0o600))
	if _, err := LoadKeys(file.OS(), dir, origin); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a damaged key: %v", err)
	}
}

func TestLogOfOtherKeysIsNotOpened(t *testing.T) {
	d := fault.NewDisk(1)
	must(t, start(t, manual(d, "/log")).Close())
	o := manual(d, "/log")
	var err error
	o.Keys, err = GenerateKeys(origin, nil1{})
	must(t, err)
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "none of this log's keys") {
		t.Error(err)
	}
	o = manual(d, "/log")
	o.Keys = testKeys[:1]
	must(t, start(t, o).Close()) // a key less is no other log
}

func TestProofFilesAreCheckedStrictly(t *testing.T) {
	l := start(t, manual(fault.NewDisk(1), "/log"))
	add(t, l, text(0, 300)...)
	publish(t, l)
	p := proof.Must(l.Proof(123))
	good := proof.Must(p.Encode())
	back, err := ParseProof(good)
	must(t, err)
	if c, err := back.Verify(origin, vkeys()...); err != nil || c.Size != 300 || len(c.Signed) != 2 {
		t.Fatalf("%+v %v", c, err)
	}
	for what, change := range map[string]func(*Proof){
		"entry": func(p *Proof) { p.Entry[1]++ }, "index": func(p *Proof) { p.Index++ }, "hash": func(p *Proof) { p.Hashes[3][9]++ },
		"hash less": func(p *Proof) { p.Hashes = p.Hashes[1:] }, "checkpoint": func(p *Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n300\n", "\n301\n", 1) },
	} {
		p, err := ParseProof(good)
		must(t, err)
		change(&p)
		if _, err := p.Verify(origin, vkeys()...); err == nil || !strings.Contains(err.Error(), "not proved") {
			t.Errorf("another %s: %v", what, err)
		}
	}
	for _, bad := range []string{"", "{}", string(good) + "{}", strings.Replace(string(good), `"index"`, `"indes"`, 1), strings.Replace(string(good), "proof/1", "proof/2", 1)} {
		if _, err := ParseProof([]byte(bad)); err == nil {
			t.Errorf("%.60q is read", bad)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	e := exampleEnvelope()
	b := proof.Must(e.Encode())
	f.Add(b)
	f.Add(b[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseEnvelope(b)
		if err != nil {
			return
		}
		if again, err := e.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is read, and written as %x: %v", b, again, err)
		}
	})
}

func FuzzBundle(f *testing.F) {
	f.Add(appendBundle(nil, text(0, 3)), 3)
	f.Add([]byte{0, 0, 255, 255}, 2)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > tileWidth {
			return
		}
		entries, err := parseBundle(b, n)
		if err == nil && (len(entries) != n || !bytes.Equal(appendBundle(nil, entries), b)) {
			t.Errorf("%x as %d entries is written in another way", b, n)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	c := Checkpoint{Origin: origin, Size: 5, Time: 7}
	must(f, c.sign(testKeys))
	f.Add(c.Text)
	f.Add(c.Text[:90])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCheckpoint(b)
		if err != nil {
			return
		}
		if _, err := VerifyCheckpoint(b, origin, vkeys()...); err == nil && !strings.HasPrefix(string(b), c.body()[:20]) {
			t.Errorf("%q is proved", b)
		}
	})
}

func FuzzProof(f *testing.F) {
	p := Proof{Index: 3, Entry: []byte("e"), Hashes: []Hash{{1}}, Checkpoint: "x"}
	f.Add(proof.Must(p.Encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err != nil {
			return
		}
		if _, err := p.Verify(origin, vkeys()[:1]...); err == nil {
			t.Errorf("%q is proved", b)
		}
		if _, err := ParseProof(proof.Must(p.Encode())); err != nil && len(b) < MaxProofFile/2 {
			t.Errorf("what was read cannot be written and read: %v", err)
		}
	})
}

func FuzzJournal(f *testing.F) {
	data := undump(f, "testdata/pending-v1.hex")
	f.Add(data)
	f.Add(data[:2*journalPage])
	f.Fuzz(func(t *testing.T, b []byte) {
		first, entries, err := parseJournal(b)
		if err == nil && (first < 0 || len(entries)*2 > len(b)) {
			t.Errorf("%d entries from %d out of %d bytes", len(entries), first, len(b))
		}
	})
}

func FuzzKeys(f *testing.F) {
	for _, s := range testKeys {
		f.Add(s.Secret())
		f.Add(s.Verifier().String())
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := NewSigner(s); err == nil && k.Secret() != s {
			t.Errorf("%q is read as another key", s)
		}
		if v, err := ParseVerifier(s); err == nil && v.String() != s {
			t.Errorf("%q is read as another key", s)
		}
	})
}

func FuzzTilePath(f *testing.F) {
	f.Add("tile/entries/x001/234.p/7")
	f.Add("tile/3/000")
	f.Fuzz(func(t *testing.T, p string) {
		if tl, ok := parseTilePath(p); ok && (tilePath(tl) != p || tl.W < 1 || tl.W > tileWidth || tl.N < 0) {
			t.Errorf("%q is %+v", p, tl)
		}
	})
}
