package resolver_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/resolver"
	"jingwei/internal/identify/handle/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func siteValue(index uint32, s handle.Site) handle.Value {
	v := handletest.Text(index, handle.TypeSite, "")
	v.Data = handle.AppendSite(nil, s)
	return v
}

func code(err error) handle.Code {
	var f *handle.Refusal
	if errors.As(err, &f) {
		return f.Code
	}
	return 0
}

// levels are a top, a secondary and an enterprise node. The top names the secondary by a service handle, the secondary the
// enterprise by its site itself.
type levels struct {
	top, secondary, enterprise                *handletest.Node
	topShelf, secondaryShelf, enterpriseShelf *handletest.Shelf
}

func startLevels(t testing.TB) levels {
	l := levels{topShelf: handletest.NewShelf("0.NA", "0.SERV"), secondaryShelf: handletest.NewShelf(), enterpriseShelf: handletest.NewShelf()}
	l.secondaryShelf.PutPrefix("88.101")
	l.enterpriseShelf.PutPrefix("88.101.5")
	l.top = handletest.Start(t, server.Config{Holdings: l.topShelf}, nil)
	l.secondary = handletest.Start(t, server.Config{Holdings: l.secondaryShelf}, nil)
	l.enterprise = handletest.Start(t, server.Config{Holdings: l.enterpriseShelf}, nil)
	l.topShelf.Put("0.SERV/88.101", siteValue(1, l.secondary.Site(1)))
	l.topShelf.Refer("88.101", server.ReferService, "0.SERV/88.101")
	l.topShelf.Refer("88.101", server.ReferAuthority, "0.SERV/88.101")
	l.topShelf.Refer("88.101.5", server.ReferService, "0.SERV/88.101") // the top knows the secondary alone
	l.topShelf.Put("0.NA/88.101", handletest.Text(1, handle.TypeService, "0.SERV/88.101"))
	l.secondaryShelf.Refer("88.101.5", server.ReferService, "", siteValue(1, l.enterprise.Site(1)))
	l.enterpriseShelf.Put("88.101.5/泵-17", handletest.Text(1, "URL", "https://example.org/17"))
	l.secondaryShelf.Put("88.101/batch", handletest.Text(1, "URL", "https://example.org/batch"))
	return l
}

func newResolver(root handle.Site, change func(*resolver.Config)) *resolver.Resolver {
	c := resolver.Config{Root: []handle.Site{root}, Now: time.Now, Client: &client.Client{Now: time.Now, Wait: []time.Duration{time.Second, 2 * time.Second}}}
	if change != nil {
		change(&c)
	}
	return resolver.New(c)
}

func TestThreeLevelsFromTheTopAlone(t *testing.T) {
	l := startLevels(t)
	for _, protocols := range [][]handle.Protocol{{handle.UDP}, {handle.TCP}, {handle.HTTP}, nil} {
		r := newResolver(l.top.Site(1), func(c *resolver.Config) { c.Protocols = protocols })
		for name, want := range map[handle.Name]string{"88.101.5/泵-17": "https://example.org/17", "88.101/batch": "https://example.org/batch"} {
			got, err := r.Resolve(t.Context(), handle.Question{Name: name}, resolver.Options{Authenticate: true})
			if err != nil || len(got.Values) != 1 || string(got.Values[0].Data) != want || got.Kept {
				t.Errorf("%v %s: %+v %v", protocols, name, got, err)
			}
			again, err := r.Resolve(t.Context(), handle.Question{Name: name}, resolver.Options{})
			if err != nil || !again.Kept || len(again.Path) != 0 {
				t.Errorf("%v %s again: %+v %v", protocols, name, again, err)
			}
		}
		for name, want := range map[handle.Name]handle.Code{"88.101.5/none": handle.NotFound, "88.101/none": handle.NotFound, "77/x": handle.NotResponsible, "0.NA/88.101.9": handle.NotFound} {
			if _, err := r.Resolve(t.Context(), handle.Question{Name: name}, resolver.Options{}); code(err) != want {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
		if _, err := r.Resolve(t.Context(), handle.Question{Name: "88.101.5/泵-17"}, resolver.Options{DoNotRefer: true, Fresh: true}); code(err) != handle.NotResponsible {
			t.Errorf("told not to be referred: %v", err)
		}
	}
	// The enterprise's administrator, whose key the enterprise holds, proves it to the secondary, which asks on.
	r := newResolver(l.top.Site(1), nil)
	c := handle.Challenge{Digest: handle.TakeDigest(handle.SHA256, []byte("x")), Nonce: []byte("0123456789abcdef")}
	answer, err := handletest.By("88.101.5")["secret"].Answer(handle.NewestVersion, c)
	if err != nil {
		t.Fatal(err)
	}
	l.secondaryShelf.Refer("88.101", server.ReferAuthority, "", siteValue(1, l.enterprise.Site(1)))
	ok, err := r.Verify(t.Context(), handle.Verification{User: answer.Signer, Challenge: c, Signed: answer.Signed})
	if err != nil || !ok {
		t.Errorf("%v %v", ok, err)
	}
}

func TestNodesThatStopAreNotWrongAnswers(t *testing.T) {
	l := startLevels(t)
	r := newResolver(l.top.Site(1), func(c *resolver.Config) { c.Protocols = []handle.Protocol{handle.TCP} })
	question := handle.Question{Name: "88.101.5/泵-17"}
	l.enterprise.Stop()
	if _, err := r.Resolve(t.Context(), question, resolver.Options{}); err == nil || code(err) != 0 {
		t.Errorf("a node that is gone is %v", err)
	}
	l.enterprise = handletest.Start(t, server.Config{Holdings: l.enterpriseShelf}, nil)
	l.secondaryShelf.Refer("88.101.5", server.ReferService, "", siteValue(1, l.enterprise.Site(2)))
	r.Forget()
	if got, err := r.Resolve(t.Context(), question, resolver.Options{}); err != nil || len(got.Values) != 1 {
		t.Errorf("back again: %v %v", got, err)
	}
}

func TestWhatIsKeptAndHowLong(t *testing.T) {
	shelf := handletest.NewShelf("0.NA", "88")
	n := handletest.Start(t, server.Config{Holdings: shelf}, nil)
	var now atomic.Int64
	now.Store(time.Now().Unix())
	clock := func() time.Time { return time.Unix(now.Load(), 0) }
	r := newResolver(n.Site(1), func(c *resolver.Config) { c.Now = clock })
	put := func(name handle.Name, ttl handle.TTL) {
		v := handletest.Text(1, "URL", "x")
		v.TTL = ttl
		shelf.Put(name, v)
	}
	kept := func(name handle.Name) bool {
		t.Helper()
		got, _ := r.Resolve(t.Context(), handle.Question{Name: name}, resolver.Options{})
		return len(got.Path) == 0
	}
	put("88/short", handle.TTL{Seconds: 10})
	put("88/long", handle.TTL{Seconds: 1 << 31})
	put("88/until", handle.TTL{Absolute: true, Seconds: uint32(now.Load() + 100)})
	put("88/never", handle.TTL{})
	for _, name := range []handle.Name{"88/short", "88/long", "88/until", "88/never", "88/none"} {
		if kept(name) {
			t.Errorf("%s is known at first", name)
		}
	}
	for _, row := range []struct {
		after int64
		want  string
	}{{9, "short long until none"}, {2, "long until none"}, {50, "long until"}, {40, "long"}, {47 * 3600, "long"}, {3600, ""}} {
		now.Add(row.after)
		for _, name := range []string{"short", "long", "until", "none"} {
			if !strings.Contains(row.want, name) {
				continue
			}
			if !kept(handle.Name("88/" + name)) {
				t.Errorf("%s is not kept %d s later", name, row.after)
			}
		}
	}
	if kept("88/long") || kept("88/never") {
		t.Error("kept beyond two days, or without a time to live")
	}
}

func TestAliasesAreFollowedAndEnd(t *testing.T) {
	shelf := handletest.NewShelf("0.NA", "88")
	shelf.Put("88/old", handletest.Text(1, handle.TypeAlias, "88/new"))
	shelf.Put("88/new", handletest.Text(1, "URL", "x"), handletest.Text(2, "EMAIL", "y"))
	shelf.Put("88/a", handletest.Text(1, handle.TypeAlias, "88/b"))
	shelf.Put("88/b", handletest.Text(1, handle.TypeAlias, "88/a"))
	n := handletest.Start(t, server.Config{Holdings: shelf}, nil)
	r := newResolver(n.Site(1), nil)
	got, err := r.Resolve(t.Context(), handle.Question{Name: "88/old", Types: []string{"URL"}}, resolver.Options{})
	if err != nil || got.Name != "88/new" || len(got.Values) != 1 || got.Values[0].Type != "URL" {
		t.Errorf("%+v %v", got, err)
	}
	got, err = r.Resolve(t.Context(), handle.Question{Name: "88/old"}, resolver.Options{KeepAliases: true})
	if err != nil || got.Name != "88/old" {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := r.Resolve(t.Context(), handle.Question{Name: "88/a"}, resolver.Options{}); err == nil {
		t.Error("a circle of aliases has an end")
	}
}

func TestTheHashChoosesTheServer(t *testing.T) {
	shelves := [3]*handletest.Shelf{}
	site := handle.Site{DataVersion: 1, Version: handle.NewestVersion, Primary: true, Hash: handle.HashByHandle}
	for i := range shelves {
		shelves[i] = handletest.NewShelf("88")
		n := handletest.Start(t, server.Config{Holdings: shelves[i]}, nil)
		site.Servers = append(site.Servers, n.Site(1).Servers...)
	}
	top := handletest.NewShelf("0.NA")
	top.Put("0.NA/88", siteValue(1, site))
	n := handletest.Start(t, server.Config{Holdings: top}, nil)
	r := newResolver(n.Site(1), nil)
	used := map[uint32]bool{}
	for _, name := range []handle.Name{"88/a", "88/b", "88/c", "88/d", "88/泵", "88/e", "88/f"} {
		k := handle.Hash(handle.HashByHandle, name) % 3
		used[k] = true
		shelves[k].Put(name, handletest.Text(1, "URL", "x"))
		if _, err := r.Resolve(t.Context(), handle.Question{Name: name}, resolver.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(used) != 3 {
		t.Errorf("%v", used)
	}
}

func TestServersThatMayNotBeAsked(t *testing.T) {
	l := startLevels(t)
	top := l.top.TCP()
	r := newResolver(l.top.Site(1), func(c *resolver.Config) {
		c.Protocols = []handle.Protocol{handle.TCP}
		c.Allowed = func(a netip.AddrPort) bool { return a == top }
	})
	if got, err := r.Resolve(t.Context(), handle.Question{Name: "88.101/batch"}, resolver.Options{}); err == nil || !strings.Contains(err.Error(), "may not be asked") {
		t.Errorf("%+v %v", got, err)
	}
}

// TestSignaturesAreCheckedUpToTheAnchor serves a chain that CNRI's client made.
func TestSignaturesAreCheckedUpToTheAnchor(t *testing.T) {
	file, err := os.ReadFile("../testdata/cnri-trust.txt")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	var values []handle.Value
	for line := range strings.Lines(string(file)) {
		name, word, _ := strings.Cut(strings.TrimSpace(line), " ")
		words[name] = word
		if name == "VALUE" {
			b, err := hex.DecodeString("00000001" + word)
			if err != nil {
				t.Fatal(err)
			}
			v, _, err := handle.DecodeValues(b)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, v...)
		}
	}
	keyData, _ := hex.DecodeString(words["ROOTKEY"])
	key, err := handle.DecodePublicKey(keyData)
	if err != nil {
		t.Fatal(err)
	}
	shelf := handletest.NewShelf("0.NA", "88.1", "88.2")
	shelf.Put("0.NA/88.1", handletest.Text(400, handle.TypeCertificate, words["PREFIX"]))
	signature := handletest.Text(400, handle.TypeSignature, words["HANDLE"])
	shelf.Put("88.1/pump", values[0], values[1], signature, handletest.Text(3, "NOTE", "not signed"))
	forged := values[1]
	forged.Data = []byte("x@y.z")
	n := handletest.Start(t, server.Config{Holdings: shelf}, nil)
	ask := func(anchor *resolver.Anchor, q handle.Question) (resolver.Result, error) {
		r := newResolver(n.Site(1), func(c *resolver.Config) {
			c.Anchor = anchor
			c.Now = func() time.Time { return time.Unix(1_800_000_000, 0) }
		})
		return r.Resolve(context.Background(), q, resolver.Options{})
	}
	anchor := &resolver.Anchor{Who: handle.Reference{Handle: "0.0/0.0", Index: 300}, Key: key}
	got, err := ask(anchor, handle.Question{Name: "88.1/pump"})
	if err != nil || !got.Signed[1] || !got.Signed[2] || got.Signed[3] {
		t.Errorf("%v %v", got.Signed, err)
	}
	got, err = ask(anchor, handle.Question{Name: "88.1/pump", Types: []string{"EMAIL"}})
	if err != nil || len(got.Values) != 1 || !got.Signed[2] {
		t.Errorf("a part: %+v %v", got, err)
	}
	if _, err = ask(&resolver.Anchor{Who: anchor.Who, Key: &handletest.RSAKey().PublicKey}, handle.Question{Name: "88.1/pump"}); !errors.Is(err, handle.ErrNotSigned) {
		t.Errorf("another anchor: %v", err)
	}
	shelf.Put("88.1/pump", values[0], forged, signature)
	if _, err = ask(anchor, handle.Question{Name: "88.1/pump"}); !errors.Is(err, handle.ErrNotSigned) {
		t.Errorf("a changed value: %v", err)
	}
	if got, err = ask(nil, handle.Question{Name: "88.1/pump"}); err != nil || got.Signed != nil {
		t.Errorf("without an anchor: %v %v", got.Signed, err)
	}
	shelf.Put("88.2/pump", values[0], signature)
	if _, err = ask(anchor, handle.Question{Name: "88.2/pump"}); !errors.Is(err, handle.ErrNotSigned) {
		t.Errorf("the signature of another handle: %v", err)
	}
	shelf.Delete(context.Background(), server.Identity{}, "0.NA/88.1")
	shelf.Put("88.1/pump", values[0], values[1], signature)
	if _, err = ask(anchor, handle.Question{Name: "88.1/pump"}); !errors.Is(err, handle.ErrNotSigned) {
		t.Errorf("without the certificate: %v", err)
	}
}
