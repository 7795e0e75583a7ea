package opcua

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

// peer is npm's node-opcua as a server: an independent implementation.
type peer struct {
	t           testing.TB
	options     map[string]any
	cmd         *exec.Cmd
	Endpoint    string
	Fingerprint string
}

// pki keeps a peer's certificates between runs, for making RSA keys takes it seconds. Peers that run at the same time
// have different ones.
func pki(name string) string {
	return filepath.Join(os.TempDir(), "jingwei-test-opcua-pki", name)
}

func startPeer(t testing.TB, options map[string]any) *peer {
	t.Helper()
	p := &peer{t: t, options: options}
	if p.options["pki"] == nil {
		p.options["pki"] = pki(t.Name())
	}
	t.Cleanup(p.kill)
	p.start()
	return p
}

func (p *peer) start() {
	p.t.Helper()
	dir := peertest.Node(p.t, "node-opcua")
	o, err := json.Marshal(p.options)
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(peertest.Require(p.t, "node"), filepath.Join(dir, "opcua-server.mjs"), string(o))
	p.cmd.Dir = dir
	var complaints strings.Builder
	p.cmd.Stderr = &complaints
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var up struct{ Endpoint, Certificate string }
		if json.Unmarshal(lines.Bytes(), &up) != nil || up.Endpoint == "" {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(up.Certificate)
		if err != nil {
			p.t.Fatal(err)
		}
		p.Endpoint, p.Fingerprint = up.Endpoint, Fingerprint(leafOf(der))
		var port int
		fmt.Sscanf(up.Endpoint, "opc.tcp://127.0.0.1:%d", &port)
		p.options["port"] = port // the same when it starts again
		go func() {
			for lines.Scan() {
			}
		}()
		return
	}
	p.cmd.Wait()
	p.t.Fatalf("the peer did not come up: %s", complaints.String())
}

func (p *peer) kill() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		p.cmd = nil
	}
}

func (p *peer) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

var own = sync.OnceValues(func() (*Identity, error) { return NewIdentity("gateway.test", time.Now()) })

func testDriver() Driver { return New(Options{Identity: own}) }

// link is a configuration; more holds members that replace or join.
func link(t testing.TB, endpoint, fingerprint string, more string) json.RawMessage {
	t.Helper()
	m := map[string]any{"endpoint": endpoint, "serverFingerprint": fingerprint, "openTimeoutMs": 20_000}
	if more != "" {
		if err := json.Unmarshal([]byte("{"+more+"}"), &m); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, l json.RawMessage) driver.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := testDriver().Open(ctx, l, nil)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func readAllOf(t testing.TB, s driver.Session, points ...driver.Point) map[uint32]driver.Sample {
	t.Helper()
	got := map[uint32]driver.Sample{}
	err := s.Read(driver.Fresh(t.Context()), points, func(_ context.Context, samples []driver.Sample) error {
		for _, x := range samples {
			got[x.ID] = x
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return got
}

const peerNS = "nsu=urn:jingwei:peer:line;"

func faultOf(t testing.TB, d Driver, l json.RawMessage) *driver.Fault {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := d.Open(ctx, l, nil)
	if err == nil {
		s.Close()
		t.Fatalf("%s was opened", l)
	}
	var f *driver.Fault
	if !errors.As(err, &f) || f.Text.Zh == "" || f.Text.En == "" {
		t.Fatalf("%v is no fault in plain words", err)
	}
	return f
}

// One peer serves the tests that neither kill nor stall it.
func TestAgainstNodeOPCUA(t *testing.T) {
	t.Parallel()
	p := startPeer(t, map[string]any{"policies": []string{"Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}, "none": true})
	t.Run("trust", func(t *testing.T) { testTrust(t, p) })
	t.Run("policies", func(t *testing.T) { testPolicies(t, p) })
	t.Run("sign-in", func(t *testing.T) { testSignIn(t, p) })
	t.Run("read", func(t *testing.T) { testRead(t, p) })
	t.Run("subscribe", func(t *testing.T) { testStatuses(t, p) })
	t.Run("browse", func(t *testing.T) { testBrowse(t, p) })
	t.Run("probe", func(t *testing.T) { testProbe(t, p) })
	t.Run("questions", func(t *testing.T) { testQuestions(t, p) })
	t.Run("renewal", func(t *testing.T) { testRenewal(t, p) })
}

func testTrust(t *testing.T, p *peer) {
	f := faultOf(t, testDriver(), link(t, p.Endpoint, "", ""))
	if f.Code != CodeUntrusted || f.Attr["fingerprint"] != p.Fingerprint || !strings.Contains(f.Attr["subject"], "NodeOPCUA") || f.Attr["notAfter"] == "" {
		t.Fatalf("%s %v", f.Code, f.Attr)
	}
	// As the operator approves it: the fingerprint out of the fault, with colons as other programs show it.
	shown := f.Attr["fingerprint"]
	var colons []string
	for i := 0; i < len(shown); i += 2 {
		colons = append(colons, strings.ToUpper(shown[i:i+2]))
	}
	open(t, link(t, p.Endpoint, strings.Join(colons, ":"), ""))
	f = faultOf(t, testDriver(), link(t, p.Endpoint, strings.Repeat("ab", 32), ""))
	if f.Code != CodeChanged || f.Attr["fingerprint"] != p.Fingerprint || f.Attr["approved"] != strings.Repeat("ab", 32) {
		t.Errorf("another certificate than the approved: %s %v", f.Code, f.Attr)
	}
	if f := faultOf(t, testDriver(), link(t, p.Endpoint, p.Fingerprint, `"security":"Basic256"`)); f.Code != CodeNoPolicy || !strings.Contains(f.Text.En, "Basic256Sha256/SignAndEncrypt") {
		t.Errorf("a policy that is not there: %s %s", f.Code, f.Text.En)
	}
}

func testPolicies(t *testing.T, p *peer) {
	for _, policy := range []string{"Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "auto"} {
		for _, mode := range []string{"sign", "signAndEncrypt"} {
			s := open(t, link(t, p.Endpoint, p.Fingerprint, fmt.Sprintf(`"security":%q,"mode":%q`, policy, mode)))
			if got := readAllOf(t, s, driver.Point{ID: 1, Address: peerNS + "s=Line1.F32"})[1]; got.Status != 0 || got.Value != real(1.5) {
				t.Errorf("%s %s: %+v", policy, mode, got)
			}
			s.Close()
		}
	}
	// Unprotected only where somebody says so; then no certificate is looked at.
	s := open(t, link(t, p.Endpoint, "", `"security":"none"`))
	if got := readAllOf(t, s, driver.Point{ID: 1, Address: "ns=3;s=Line1.F32"})[1]; got.Status != 0 || got.Value != real(1.5) {
		t.Errorf("none: %+v", got)
	}
}

func testSignIn(t *testing.T, p *peer) {
	for _, more := range []string{
		`"signIn":"password","user":"op","password":"secret"`,
		`"signIn":"password","user":"op","password":"secret","security":"none"`, // the password is encrypted for the approved certificate
		`"signIn":"certificate"`,
	} {
		s := open(t, link(t, p.Endpoint, p.Fingerprint, more))
		if got := readAllOf(t, s, driver.Point{ID: 1, Address: "i=2259"})[1]; got.Status != 0 || got.Value != whole(0) {
			t.Errorf("%s: %+v", more, got)
		}
		s.Close()
	}
	user, err := NewIdentity("user", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	text := string(user.pem())
	quoted, _ := json.Marshal(text)
	open(t, link(t, p.Endpoint, p.Fingerprint, fmt.Sprintf(`"signIn":"certificate","certificate":%s,"key":%s`, quoted, quoted)))
	if f := faultOf(t, testDriver(), link(t, p.Endpoint, p.Fingerprint, `"signIn":"password","user":"op","password":"wrong"`)); f.Code != CodeSignIn || strings.Contains(f.Error(), "wrong\"") {
		t.Errorf("a wrong password: %s %v", f.Code, f)
	}
	// A password is not encrypted for a certificate that nobody has approved.
	if f := faultOf(t, testDriver(), link(t, p.Endpoint, "", `"signIn":"password","user":"op","password":"secret","security":"none"`)); f.Code != CodeUntrusted {
		t.Errorf("%s", f.Code)
	}
}

func real(x float64) telemetry.Value {
	v, _ := (&item{scale: 1}).real(x)
	return v
}

func whole(n int64) telemetry.Value { return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)} }

func text(s string) telemetry.Value { return telemetry.Value{Type: telemetry.String, Text: s} }

func testRead(t *testing.T, p *peer) {
	s := open(t, link(t, p.Endpoint, p.Fingerprint, ""))
	var points []driver.Point
	for i := range 120 { // the server takes 50 at once
		points = append(points, driver.Point{ID: uint32(1000 + i), Address: fmt.Sprintf(peerNS+"s=Line1.T%d", 80+i%120)})
	}
	at := int64(1767225600000) * 1e6
	for _, c := range []struct {
		point  driver.Point
		value  telemetry.Value
		status telemetry.Status
	}{
		{driver.Point{Address: "s=Line1.Bool"}, telemetry.Value{Type: telemetry.Bool, Bits: 1}, 0},
		{driver.Point{Address: "s=Line1.I16"}, whole(-12), 0},
		{driver.Point{Address: "s=Line1.I16", Type: telemetry.Float64, Scale: 0.5, Offset: 1}, real(-5), 0},
		{driver.Point{Address: "s=Line1.I16", Type: telemetry.Int64, Scale: 10}, whole(-120), 0},
		{driver.Point{Address: "s=Line1.U64"}, telemetry.Value{}, telemetry.BadOutOfRange},
		{driver.Point{Address: "s=Line1.U64", Type: telemetry.Float64}, real(18446744073709551615), 0},
		{driver.Point{Address: "s=Line1.Number"}, text("007"), 0},
		{driver.Point{Address: "s=Line1.Number", Type: telemetry.Float64}, telemetry.Value{}, badTypeMismatch},
		{driver.Point{Address: "s=Line1.Text"}, text("运行"), 0},
		{driver.Point{Address: "s=Line1.When"}, text("2026-01-01T00:00:00.123Z"), 0},
		{driver.Point{Address: "s=Line1.Arr"}, telemetry.Value{}, badTypeMismatch},
		{driver.Point{Address: "s=Line1.Arr[[2]]"}, whole(30), 0},
		{driver.Point{Address: "s=Line1.Arr[[9]]"}, telemetry.Value{}, badIndexRangeNoData},
		{driver.Point{Address: "s={unit}.F32", Unit: "Line1"}, real(1.5), 0},
		{driver.Point{Address: "i=1001"}, whole(4242), 0},
		{driver.Point{Address: "s=Line1.Nowhere"}, telemetry.Value{}, telemetry.BadNodeIdUnknown},
		{driver.Point{Address: "s=Line1"}, telemetry.Value{}, telemetry.Status(0x80350000)}, // an object: BadAttributeIdInvalid
	} {
		c.point.ID = 1
		c.point.Address = peerNS + c.point.Address
		got := readAllOf(t, s, append(points[:3:3], c.point)...)
		if g := got[1]; g.Value != c.value || g.Status != c.status || c.status == 0 && c.point.Address != peerNS+"i=1001" && g.Time != at {
			t.Errorf("%s (%v): %+v, want %+v %#x at %d", c.point.Address, c.point.Type, g, c.value, c.status, at)
		}
		if g := got[1001]; g.Status != 0 {
			t.Errorf("beside %s: %+v", c.point.Address, g)
		}
	}
	for _, wrong := range []string{"nsu=urn:nobody;s=x", "ns=99;s=x", "i=0", "ns=3;g=09087e75-8e5e-499b-954f-f2a9603db28a", "ns=3;b=AAEC"} {
		if got := readAllOf(t, s, points[0], driver.Point{ID: 1, Address: wrong}); got[1].Status != telemetry.BadNodeIdUnknown && got[1].Status != 0x80330000 || got[1000].Status != 0 {
			t.Errorf("%s: %+v", wrong, got)
		}
	}
	if got := readAllOf(t, s, points...); len(got) != 120 || got[1000].Status != 0 || got[1119].Value != real(199) {
		t.Errorf("%d of 120 points; the last is %+v", len(got), got[1119])
	}
	if l := s.(*subscriber).limits; l != (limits{50, 60, 10}) {
		t.Errorf("limits %+v", l)
	}
	// A limit that was not kept to is a failed service, and the connection goes on.
	s.(*subscriber).limits.read = 120
	if got := readAllOf(t, s, points...); len(got) != 120 || got[1119].Value != real(199) {
		t.Errorf("after a call that was too big: %d points", len(got))
	}
	if l := s.(*subscriber).limits.read; l > 60 {
		t.Errorf("the limit is still %d", l)
	}
}

func testStatuses(t *testing.T, p *peer) {
	s := open(t, link(t, p.Endpoint, p.Fingerprint, `"publishingMs":100`)).(*subscriber)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	began := time.Now().Add(-time.Minute).UnixNano()
	seen := map[telemetry.Status]int{}
	still := 0
	err := s.Subscribe(ctx, []driver.Point{{ID: 1, Address: peerNS + "s=Line1.Moody", Every: 100 * time.Millisecond}, {ID: 2, Address: peerNS + "s=Line1.F32"}},
		func(_ context.Context, samples []driver.Sample) error {
			for _, x := range samples {
				if x.Time < began {
					t.Errorf("told with the time of long ago: %+v", x)
				}
				if x.ID == 2 {
					still++
					continue
				}
				seen[x.Status]++
				if (x.Value.Type == 0) != x.Status.IsBad() {
					t.Errorf("%+v", x)
				}
			}
			if len(seen) == 3 {
				cancel()
			}
			return nil
		})
	if !errors.Is(err, context.Canceled) || seen[0] == 0 || seen[telemetry.UncertainLastUsable] == 0 || seen[telemetry.BadDeviceFailure] == 0 || still != 1 {
		t.Errorf("%v; statuses %v, the still point came %d times", err, seen, still)
	}
}

func testBrowse(t *testing.T, p *peer) {
	s := open(t, link(t, p.Endpoint, p.Fingerprint, "")).(driver.Browser)
	find := func(node string) map[string]driver.Node {
		out := map[string]driver.Node{}
		for n, err := range s.Browse(t.Context(), node) {
			if err != nil {
				t.Fatalf("browse %s: %v", node, err)
			}
			out[n.Name] = n
		}
		return out
	}
	top := find("")
	line := top["Line1"]
	if top["Server"].Address != "i=2253" || line.Address != peerNS+"s=Line1" || line.Leaf {
		t.Fatalf("%+v", top)
	}
	below := find(line.Address) // pages of ten
	want := driver.Node{Address: peerNS + "s=Line1.SetPoint", Name: "SetPoint", Encoding: "Float", Leaf: true, Writable: true}
	if len(below) != 211 || below["SetPoint"] != want || below["T7"].Writable || below["When"].Encoding != "DateTime" || below["Num"].Address != peerNS+"i=1001" {
		t.Errorf("%d nodes; %+v", len(below), below["SetPoint"])
	}
	n := 0
	for range s.Browse(t.Context(), line.Address) {
		if n++; n == 15 {
			break
		}
	}
	for _, err := range s.Browse(t.Context(), "nsu=urn:nobody;s=x") {
		if f := (*driver.FieldError)(nil); !errors.As(err, &f) {
			t.Errorf("%v", err)
		}
	}
	for _, err := range s.Browse(t.Context(), peerNS+"s=Nowhere") {
		if f := (*driver.FieldError)(nil); !errors.As(err, &f) || !strings.Contains(f.Text.En, "BadNodeIdUnknown") {
			t.Errorf("%v", err)
		}
	}
}

func testProbe(t *testing.T, p *peer) {
	s := open(t, link(t, p.Endpoint, p.Fingerprint, "")).(driver.Prober)
	got, err := s.Probe(t.Context(), "Line1", "nsu=urn:jingwei:peer:line;s={unit}.I16")
	if err != nil || len(got.Readings) != 2 || got.Readings[0] != (driver.Reading{Encoding: "Int16", Value: "-12", Type: telemetry.Int64, Likely: true}) || len(got.Raw) != 3 {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = s.Probe(t.Context(), "", peerNS+"s=Line1.Arr"); err != nil || len(got.Readings) != 4 || got.Readings[2].Value != peerNS+"s=Line1.Arr[[2]] = 30" {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = s.Probe(t.Context(), "", "ns=3;s=Nowhere"); err != nil || got.Status != telemetry.BadNodeIdUnknown || got.Readings != nil {
		t.Errorf("%+v %v", got, err)
	}
	if _, err = s.Probe(t.Context(), "", "nonsense"); err == nil {
		t.Error("nonsense was probed")
	}
}

// The keys of a channel are renewed while values flow.
func testRenewal(t *testing.T, p *peer) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := New(Options{Identity: own, TokenLifetime: time.Second}).Open(ctx, link(t, p.Endpoint, p.Fingerprint, `"publishingMs":100`), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	until := time.Now().Add(3500 * time.Millisecond) // four renewals
	err = s.(driver.Subscriber).Subscribe(ctx, []driver.Point{{ID: 1, Address: peerNS + "s=Line1.T1", Every: 100 * time.Millisecond}},
		func(_ context.Context, samples []driver.Sample) error {
			if len(samples) > 0 && time.Now().After(until) {
				cancel()
			}
			return nil
		})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A server that does not know the gateway refuses it, and says so.
func TestGatewayCertificateHasToBeTrusted(t *testing.T) {
	t.Parallel()
	strict := filepath.Join(t.TempDir(), "pki")
	key := filepath.Join("server", "own", "private", "private_key.pem") // kept between runs; what is trusted is not
	if b, err := os.ReadFile(filepath.Join(pki(t.Name()), key)); err == nil {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(strict, key)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(strict, key), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := startPeer(t, map[string]any{"pki": strict, "trustAll": false})
	if b, err := os.ReadFile(filepath.Join(strict, key)); err != nil {
		t.Fatal(err)
	} else if err := os.MkdirAll(filepath.Dir(filepath.Join(pki(t.Name()), key)), 0o755); err != nil {
		t.Fatal(err)
	} else if err := os.WriteFile(filepath.Join(pki(t.Name()), key), b, 0o600); err != nil {
		t.Fatal(err)
	}
	id, err := own()
	if err != nil {
		t.Fatal(err)
	}
	f := faultOf(t, testDriver(), link(t, p.Endpoint, p.Fingerprint, ""))
	if f.Code != CodeRejected || f.Attr["own"] != id.Fingerprint() {
		t.Fatalf("%s %v", f.Code, f)
	}
	// As its administrator does it: the certificate goes from the rejected ones to the trusted ones.
	trusted := filepath.Join(strict, "server", "trusted", "certs")
	if err := os.MkdirAll(trusted, 0o755); err != nil {
		t.Fatal(err)
	}
	p.kill()
	rejected, _ := filepath.Glob(filepath.Join(strict, "server", "rejected", "*"))
	if len(rejected) != 1 {
		t.Fatalf("rejected: %v", rejected)
	}
	if err := os.Rename(rejected[0], filepath.Join(trusted, filepath.Base(rejected[0]))); err != nil {
		t.Fatal(err)
	}
	p.start()
	open(t, link(t, p.Endpoint, p.Fingerprint, ""))
}
