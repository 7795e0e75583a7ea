package inbox

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
)

// door is the only way out of this room: no redirect, no proxy, no body without end, no unchecked certificate, and no address
// inside the node's own network (server-side request forgery) unless the configuration allows that host by name.
type door struct {
	allow  []string // host names or addresses, lower case
	roots  *x509.CertPool
	client *http.Client
}

const (
	dialTimeout = 10 * time.Second
	sendTimeout = 20 * time.Second
	maxAnswer   = 64 << 10 // bytes of an answer that are read
)

var errInside = errors.New("the address lies inside a private or special network")

func newDoor(allow []string, roots *x509.CertPool) *door {
	d := &door{roots: roots}
	for _, h := range allow {
		d.allow = append(d.allow, strings.ToLower(strings.TrimSpace(h)))
	}
	t := &http.Transport{
		DialContext: d.dial, TLSClientConfig: d.tls(""), TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: sendTimeout,
		MaxResponseHeaderBytes: 32 << 10, MaxIdleConns: 20, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
	}
	d.client = &http.Client{Transport: t, Timeout: sendTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return d
}

func (d *door) tls(server string) *tls.Config {
	return &tls.Config{RootCAs: d.roots, ServerName: server, MinVersion: tls.VersionTLS12}
}

func (d *door) close() { d.client.CloseIdleConnections() }

func (d *door) allowed(host string) bool { return slices.Contains(d.allow, strings.ToLower(host)) }

// dial connects to host:port. What is judged is the address that the connection really goes to, after the name was resolved, so
// that a name which changes its answer gains nothing.
func (d *door) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !d.allowed(host) {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !public(to.Addr()) {
				return errInside
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

// public tells whether an address lies in the open Internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// address checks where something is to be sent: HTTPS; plain HTTP only to a host that the configuration allows. The fault is
// empty where it is well.
func (d *door) address(s string) (host string, wrong fault) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || len(s) > maxAddress:
		return "", fault{"不是网址", "is no address of the web", "请粘贴完整网址，例如 https://…", "Paste the whole address, such as https://…"}
	case u.User != nil:
		return "", fault{"网址中含有用户名或密码", "holds a user or password", "请去掉用户名和密码", "Remove them"}
	case u.Scheme != "https" && !(u.Scheme == "http" && d.allowed(u.Hostname())):
		return "", fault{"不是 https", "is not https", "请使用 https 网址", "Use an address with https"}
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !public(a) && !d.allowed(u.Hostname()) {
		return "", fault{"指向内部网络", "leads into an internal network", "请改用公网地址；确需内网时，由平台运维在配置 inbox.allow 中允许该主机", "Use a public address; where an internal one is meant, whoever runs the node allows the host in inbox.allow"}
	}
	return u.Hostname(), fault{}
}

// post sends a body and returns the answer's status and the beginning of its body.
func (d *door) post(ctx context.Context, address, mediaType string, body []byte, header map[string]string) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, noAddress(err)
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("User-Agent", "Jingwei")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return d.do(req)
}

func (d *door) get(ctx context.Context, address string) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, noAddress(err)
	}
	return d.do(req)
}

func (d *door) do(req *http.Request) (int, []byte, error) {
	res, err := d.client.Do(req)
	if err != nil {
		return 0, nil, noAddress(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return res.StatusCode, nil, fmt.Errorf("read the answer: %w", noAddress(err))
	}
	return res.StatusCode, answer, nil
}

// noAddress takes the address out of an error: robots carry their secret in it.
func noAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
