package outward

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyTheOpenInternetIsPublic(t *testing.T) {
	for _, s := range []string{"8.8.8.8", "1.1.1.1", "120.232.0.1", "2400:3200::1"} {
		if !Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is public", s)
		}
	}
	for _, s := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "198.18.0.1", "192.0.2.1",
		"::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1",
	} {
		if Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is not public", s)
		}
	}
}

func TestAddressesThatLeadInsideAreRefused(t *testing.T) {
	d := New([]string{"bridge.example"}, nil)
	for address, ok := range map[string]bool{
		"https://hooks.example/x": true, "https://8.8.8.8/x": true, "http://bridge.example/x": true, "https://bridge.example:8443/x": true,
		"http://hooks.example/x": false, "https://127.0.0.1/x": false, "https://[::1]/x": false, "https://[::ffff:10.0.0.1]/": false, "https://169.254.169.254/latest": false,
		"https://u:p@hooks.example/": false, "ftp://hooks.example/": false, "file:///etc/passwd": false, "hooks.example": false, "https:hooks.example": false, "": false,
		"https://hooks.example/" + strings.Repeat("x", MaxAddress): false,
	} {
		if _, f := d.Address(address); (f != nil) == ok {
			t.Errorf("%.60s: refused %v, want %v", address, f != nil, !ok)
		}
	}
}
