package outward

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"jingwei/internal/kernel/text"
)

// Door is the only way out of a node towards an address that people have entered: no redirect, no proxy, no body without end, no unchecked
// certificate, and no address inside the node's own network (server-side request forgery) unless the configuration allows
// that host by name.
type Door struct {
	allow  []string // host names or addresses, lower case
	roots  *x509.CertPool
	client *http.Client
}

// How long reaching somebody takes at most, and a whole exchange.
const (
	DialTimeout = 10 * time.Second
	SendTimeout = 20 * time.Second
)

const maxAnswer = 64 << 10 // bytes of an answer that are read

// ErrInside says that an address lies inside a network that is nobody's business.
var ErrInside = errors.New("the address lies inside a private or special network")

// New opens a door. allow are host names or addresses inside the node's own network that may be reached all the same, and over plain HTTP;
// roots may be nil for those of the system.
func New(allow []string, roots *x509.CertPool) *Door {
	d := &Door{roots: roots}
	for _, h := range allow {
		d.allow = append(d.allow, strings.ToLower(strings.TrimSpace(h)))
	}
	t := &http.Transport{
		DialContext: d.Dial, TLSClientConfig: d.TLS(""), TLSHandshakeTimeout: DialTimeout, ResponseHeaderTimeout: SendTimeout,
		MaxResponseHeaderBytes: 32 << 10, MaxIdleConns: 20, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
	}
	d.client = &http.Client{Transport: t, Timeout: SendTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return d
}

// TLS is how the door speaks TLS with a server that it is connected to in another way, such as mail.
func (d *Door) TLS(server string) *tls.Config {
	return &tls.Config{RootCAs: d.roots, ServerName: server, MinVersion: tls.VersionTLS12}
}

// Close ends connections that wait for further use.
func (d *Door) Close() { d.client.CloseIdleConnections() }

// Allowed tells whether the configuration names a host.
func (d *Door) Allowed(host string) bool { return slices.Contains(d.allow, strings.ToLower(host)) }

// Dial connects to host:port. What is judged is the address that the connection really goes to, after the name was resolved, so
// that a name which changes its answer gains nothing.
func (d *Door) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: DialTimeout}
	if !d.Allowed(host) {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !Public(to.Addr()) {
				return ErrInside
			}
			return nil
		}
	}
	return dialer.DialContext(ctx, network, address)
}

// special are ranges that no public service lives in (IANA special-purpose registries), beside what netip tells itself.
var special = func() (out []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

// Public tells whether an address lies in the open Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// MaxAddress bounds an address, in bytes.
const MaxAddress = 1000

// Fault is what is wrong with an address.
type Fault struct{ Text, Mend text.Text }

// Address checks where something is to be sent: HTTPS; plain HTTP only to a host that the configuration allows. The fault is nil where it
// is well.
func (d *Door) Address(s string) (host string, wrong *Fault) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || len(s) > MaxAddress:
		return "", &Fault{text.Text{Zh: "不是网址", En: "is no address of the web"}, text.Text{Zh: "请粘贴完整网址，例如 https://…", En: "Paste the whole address, such as https://…"}}
	case u.User != nil:
		return "", &Fault{text.Text{Zh: "网址中含有用户名或密码", En: "holds a user or password"}, text.Text{Zh: "请去掉用户名和密码", En: "Remove them"}}
	case u.Scheme != "https" && !(u.Scheme == "http" && d.Allowed(u.Hostname())):
		return "", &Fault{text.Text{Zh: "不是 https", En: "is not https"}, text.Text{Zh: "请使用 https 网址", En: "Use an address with https"}}
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !Public(a) && !d.Allowed(u.Hostname()) {
		return "", &Fault{text.Text{Zh: "指向内部网络", En: "leads into an internal network"}, text.Text{Zh: "请改用公网地址；确需内网时，由平台运维在配置 inbox.allow 中允许该主机", En: "Use a public address; where an internal one is meant, whoever runs the node allows the host in inbox.allow"}}
	}
	return u.Hostname(), nil
}

// Post sends a body and returns the answer's status and the beginning of its body.
func (d *Door) Post(ctx context.Context, address, mediaType string, body []byte, header map[string]string) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, NoAddress(err)
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("User-Agent", "Jingwei")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return d.do(req)
}

// Get asks for what is at an address.
func (d *Door) Get(ctx context.Context, address string) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, NoAddress(err)
	}
	return d.do(req)
}

func (d *Door) do(req *http.Request) (int, []byte, error) {
	res, err := d.client.Do(req)
	if err != nil {
		return 0, nil, NoAddress(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return res.StatusCode, nil, fmt.Errorf("read the answer: %w", NoAddress(err))
	}
	return res.StatusCode, answer, nil
}

// NoAddress takes the address out of an error: robots carry their secret in it.
func NoAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
