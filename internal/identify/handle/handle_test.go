package handle

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 keys of administrators in the field are DSA keys too
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
)

func text(index uint32, typ, data string) Value {
	return Value{Index: index, Type: typ, Data: []byte(data), TTL: DefaultTTL, Permissions: DefaultPermissions}
}

func TestNames(t *testing.T) {
	for s, ok := range map[string]bool{
		"88.101.5/泵 1": true, "0.NA/88": true, "a/b/c": true, "10.1/ ": true, "": false, "88": false, "/x": false, "88/": false,
		"88./x": false, ".88/x": false, "8..8/x": false, "88/\x00": false, "88/\xff": false, "88/" + strings.Repeat("x", MaxName): false,
	} {
		_, err := ParseName(s)
		if (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
		if f := (*FormatError)(nil); err != nil && !errors.As(err, &f) {
			t.Errorf("%q: %T", s, err)
		}
	}
	n := Name("88.1/a/泵Ä")
	if n.Prefix() != "88.1" || n.Suffix() != "a/泵Ä" || n.Key() != "88.1/A/泵Ä" {
		t.Error(n.Prefix(), n.Suffix(), n.Key())
	}
	if !n.Same("88.1/A/泵Ä") || n.Same("88.1/A/泵ä") {
		t.Error("case is folded in ASCII, and nowhere else")
	}
}

func TestTypesMatchByPrefix(t *testing.T) {
	for _, c := range []struct {
		typ, asked string
		want       bool
	}{{"HS_SITE", "HS_SITE", true}, {"HS_SITE.6", "HS_SITE", false}, {"HS_SITE.6", "HS_SITE.", true}, {"HS_SITE", "HS_SITE.", true},
		{"HS_SITES", "HS_SITE.", false}, {"url", "URL", true}, {"x", "", false}} {
		if TypeMatches(c.typ, c.asked) != c.want {
			t.Errorf("%+v", c)
		}
	}
}

func threeServers() Site {
	site := Site{DataVersion: 1, Version: NewestVersion, Serial: 7, Primary: true, Hash: HashByHandle, Attributes: []Attribute{{"desc", "三"}}}
	for i, a := range []string{"10.0.0.1", "2001:db8::1", "::1"} {
		site.Servers = append(site.Servers, SiteServer{ID: uint32(i + 1), Address: netip.MustParseAddr(a),
			Interfaces: []Interface{{Query: true, Protocol: UDP, Port: 2641}, {Admin: true, Query: true, Protocol: TCP, Port: 2641}}})
	}
	return site
}

func TestSitesKeepAddresses(t *testing.T) {
	got, err := DecodeSite(append(AppendSite(nil, threeServers()), 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"10.0.0.1", "2001:db8::1", "::1"} {
		if got.Servers[i].Address.String() != want {
			t.Errorf("%v, want %s", got.Servers[i].Address, want)
		}
	}
	if got.Description() != "三" || !got.Primary || got.MultiPrimary || !got.Servers[1].Interfaces[1].Admin {
		t.Errorf("%+v", got)
	}
}

func TestTheOneHashWithoutAPositiveCounterpart(t *testing.T) {
	var sum [16]byte
	sum[12] = 0x80
	if n := hashNumber(sum); n != 1<<31 {
		t.Errorf("%d", n)
	}
	sum[12], sum[15] = 0xff, 0xff
	if n := hashNumber(sum); n != 0xffff01 {
		t.Errorf("%x", n)
	}
	if _, ok := (Site{}).Server("88.1/a"); ok {
		t.Error("a site without servers has one")
	}
}

func TestSelection(t *testing.T) {
	secret := text(5, TypeSecretKey, "s")
	secret.Permissions = AdminRead | AdminWrite
	nobody := text(6, "HIDDEN", "s")
	nobody.Permissions = AdminWrite
	all := []Value{text(1, "URL", "a"), text(2, "URL.2", "b"), text(3, "EMAIL", "c"), secret, nobody}
	public := text(7, TypeSecretKey, "s")
	for _, c := range []struct {
		name    string
		indexes []uint32
		types   []string
		access  Access
		code    Code
		want    []uint32
	}{
		{"everything public", nil, nil, PublicOnly, Success, []uint32{1, 2, 3}},
		{"everything wants proof", nil, nil, Anybody, Unauthenticated, nil},
		{"everything for an administrator", nil, nil, Administrator, Success, []uint32{1, 2, 3, 5}},
		{"union of index and type", []uint32{3}, []string{"URL"}, Anybody, Success, []uint32{1, 3}},
		{"type prefix", nil, []string{"URL."}, Anybody, Success, []uint32{1, 2}},
		{"nothing matches", []uint32{9}, nil, Anybody, ValueNotFound, nil},
		{"restricted by index", []uint32{5}, nil, Anybody, Unauthenticated, nil},
		{"restricted by type", nil, []string{TypeSecretKey}, Anybody, Unauthenticated, nil},
		{"restricted by index, public only", []uint32{5}, nil, PublicOnly, ValueNotFound, nil},
		{"nobody's by index", []uint32{6}, nil, Anybody, NoPermission, nil},
		{"nobody's by index, administrator", []uint32{6}, nil, Administrator, NoPermission, nil},
		{"a secret key stored as public", []uint32{7}, nil, Anybody, Unauthenticated, nil},
		{"nobody's by type", nil, []string{"HIDDEN"}, Anybody, ValueNotFound, nil},
	} {
		var q QuestionView
		if err := q.Decode(AppendQuestion(nil, Question{Name: "88.1/a", Indexes: c.indexes, Types: c.types})); err != nil {
			t.Fatal(err)
		}
		record := AppendRecord(nil, "88.1/a", all)
		if len(c.indexes) > 0 && c.indexes[0] == 7 {
			record = AppendRecord(nil, "88.1/a", []Value{public})
		}
		n, code := Select(record, &q, c.access)
		if code != c.code {
			t.Errorf("%s: %v, want %v", c.name, code, c.code)
			continue
		}
		if code != Success {
			continue
		}
		_, values, err := DecodeRecord(record[:n])
		var got []uint32
		for _, v := range values {
			got = append(got, v.Index)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", c.name, got, err, c.want)
		}
	}
}

func TestAnswersProveKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sm2Key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var dsaKey dsa.PrivateKey
	if err := dsa.GenerateParameters(&dsaKey.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(&dsaKey, rand.Reader); err != nil {
		t.Fatal(err)
	}
	for _, v := range []Version{{2, 1}, {2, 6}, {2, 7}, {2, 10}, {2, 11}} {
		c := Challenge{Digest: TakeDigest(AlgorithmOf(v), []byte("request")), Nonce: []byte("0123456789abcdef")}
		other := Challenge{Digest: TakeDigest(AlgorithmOf(v), []byte("another")), Nonce: c.Nonce}
		for name, pair := range map[string]struct {
			private crypto.PrivateKey
			public  crypto.PublicKey
		}{"RSA": {rsaKey, &rsaKey.PublicKey}, "DSA": {&dsaKey, &dsaKey.PublicKey}, "SM2": {sm2Key, &sm2Key.PublicKey}} {
			data, ok := AppendPublicKey(nil, pair.public)
			public, err := DecodePublicKey(append(data, []byte{0, 0, 0, 0}[:4*b2i(name != "SM2")]...)) // Java leaves zeros
			if !ok || err != nil || !SameKey(public, pair.public) {
				t.Fatalf("%s: %v", name, err)
			}
			answer, err := AnswerWithKey(v, pair.private, c)
			if err != nil {
				t.Fatal(err)
			}
			if err := VerifyWithKey(public, c, answer); err != nil {
				t.Errorf("%v %s: %v", v, name, err)
			}
			if err := VerifyWithKey(public, other, answer); !errors.Is(err, ErrNotSigned) {
				t.Errorf("%v %s: the answer to another challenge: %v", v, name, err)
			}
		}
		answer, err := AnswerWithSecret(v, rand.Reader, []byte("密"), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyWithSecret([]byte("密"), c, answer); err != nil {
			t.Errorf("%v secret: %v", v, err)
		}
		if err := VerifyWithSecret([]byte("蜜"), c, answer); !errors.Is(err, ErrNotSigned) {
			t.Errorf("%v another secret: %v", v, err)
		}
		if err := VerifyWithSecret(nil, c, answer); !errors.Is(err, ErrNotSigned) {
			t.Errorf("%v no secret: %v", v, err)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestReassemblyKeepsItsLimits(t *testing.T) {
	message := AppendMessage(nil, Envelope{Version: NewestVersion, Request: 7}, Header{Operation: CreateHandle}, make([]byte, 3*MaxPayload))
	from := netip.MustParseAddrPort("192.0.2.1:9")
	now := time.Unix(1000, 0)
	r := NewReassembly(2, 1<<20, time.Second)
	order := []int{3, 1, 1, 0, 2}
	for i, k := range order {
		_, payload, whole, err := r.Add(from, AppendPacket(nil, message, k), now)
		if err != nil || whole != (i == len(order)-1) {
			t.Fatalf("packet %d: %v %v", k, whole, err)
		}
		if whole && string(payload) != string(message[EnvelopeSize:]) {
			t.Error("put together wrong")
		}
	}
	// Three that stay incomplete: the first makes room, and what comes late begins anew.
	for i := range uint32(3) {
		m := AppendMessage(nil, Envelope{Version: NewestVersion, Request: 10 + i}, Header{}, make([]byte, 3*MaxPayload))
		r.Add(from, AppendPacket(nil, m, 0), now)
	}
	if len(r.parts) != 2 {
		t.Errorf("%d are kept", len(r.parts))
	}
	if _, _, _, err := NewReassembly(2, 100, time.Second).Add(from, AppendPacket(nil, message, 0), now); err == nil {
		t.Error("a message beyond the bytes allowed is begun")
	}
}

func TestVersionsSpoken(t *testing.T) {
	for _, c := range []struct{ message, suggested, want Version }{
		{Version{2, 1}, Version{}, Version{2, 1}}, {Version{2, 1}, Version{2, 9}, Version{2, 9}}, {Version{2, 1}, Version{2, 30}, Version{2, 11}},
		{Version{5, 0}, Version{}, Version{2, 1}}, {Version{3, 0}, Version{}, Version{2, 11}},
	} {
		if got := Speak(c.message, c.suggested); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if DownMap(PrefixReferral, Version{2, 4}) != ServiceReferral || DownMap(InvalidValue, Version{2, 4}) != Failed || DownMap(InvalidValue, Version{2, 5}) != InvalidValue {
		t.Error("codes for old clients")
	}
}

func TestRightsAreText(t *testing.T) {
	if s := AllButPrefixRights.Text(); s != "111111110011" {
		t.Error(s)
	}
	if r, err := ParseRights("111111110011"); err != nil || r != AllButPrefixRights {
		t.Error(r, err)
	}
	if _, err := ParseRights("2"); err == nil {
		t.Error("2 is no right")
	}
	old := append(AppendAdmin(nil, Admin{AllRights, Reference{"0.NA/88.1", 300}}), 0, 0) // as old records end
	if a, err := DecodeAdmin(old); err != nil || a.Index != 300 {
		t.Error(a, err)
	}
}

func TestValuesThatAreNotStored(t *testing.T) {
	bad := func(change func(*Value)) Value {
		v := text(1, "URL", "x")
		change(&v)
		return v
	}
	for name, v := range map[string]Value{
		"index 0":              bad(func(v *Value) { v.Index = 0 }),
		"no type":              bad(func(v *Value) { v.Type = "" }),
		"a type beyond UTF-8":  bad(func(v *Value) { v.Type = "\xff" }),
		"five permission bits": bad(func(v *Value) { v.Permissions = 16 }),
		"a public secret key":  bad(func(v *Value) { v.Type = TypeSecretKey }),
		"no HS_ADMIN":          bad(func(v *Value) { v.Type = TypeAdmin }),
		"no HS_SITE":           bad(func(v *Value) { v.Type = TypeSite }),
		"no HS_PUBKEY":         bad(func(v *Value) { v.Type = TypePublicKey }),
		"no alias":             bad(func(v *Value) { v.Type = TypeAlias }),
		"too many references":  bad(func(v *Value) { v.References = make([]Reference, 65) }),
	} {
		var f *Refusal
		if err := CheckValue(v); !errors.As(err, &f) || f.Code != InvalidValue || !slices.Equal(f.Indexes, []uint32{v.Index}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := CheckValues("88/x", []Value{text(1, "URL", "x"), text(1, "URL", "y")}); err == nil {
		t.Error("an index twice")
	}
	if err := CheckValues("88/x", []Value{text(1, "URL", strings.Repeat("x", MaxRecord))}); err == nil {
		t.Error("a record beyond a message")
	}
	if err := CheckValues("88/x", []Value{text(1, "URL", "x"), text(2, "EMAIL", "y")}); err != nil {
		t.Error(err)
	}
}
