package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"jingwei/internal/kernel/text"
)

// Keys is the table of everything that can be configured.
func Keys() []Key {
	return []Key{
		{
			Name: "data", Flag: "data", Default: "jingwei-data",
			Help:  text.Text{Zh: "数据目录：数据库、日志、遥测、证书都在这里", En: "data folder: database, journal, telemetry and certificates live here"},
			Field: func(c *Config) any { return &c.Data },
			Check: func(c *Config) error { return notEmpty(c.Data) },
		},
		{
			Name: "node.name", Flag: "name", Default: "jingwei",
			Help:  text.Text{Zh: "节点名称，显示在页面、日志和证书中", En: "the node's name, shown on pages, in logs and in its certificate"},
			Field: func(c *Config) any { return &c.Node.Name },
			Check: func(c *Config) error {
				if n := utf8.RuneCountInString(c.Node.Name); n == 0 || n > 60 {
					return fmt.Errorf("has %d characters; use 1 to 60", n)
				}
				return nil
			},
		},
		{
			Name: "node.packs", Flag: "packs", Default: "",
			Help:  text.Text{Zh: "自有规则包目录，与随附的规则包合用，例如 calls/新通知.yaml；同名文件取代随附的", En: "folder of your own packs, beside those that ship, such as calls/new-call.yaml; a file of the same name takes the place of the shipped one"},
			Field: func(c *Config) any { return &c.Node.Packs },
		},
		{
			Name: "https.address", Flag: "https", Default: ":8443",
			Help:  text.Text{Zh: "HTTPS 监听地址（节点自己的证书）；off 表示不监听", En: "address to serve HTTPS on, with the node's own certificate; off for none"},
			Field: func(c *Config) any { return &c.HTTPS.Address },
			Check: func(c *Config) error {
				if c.HTTPS.Address == "off" && c.HTTP.Address == "" {
					return fmt.Errorf("is off and http.address is empty: nothing would be served; set one of them")
				}
				return address(c.HTTPS.Address)
			},
		},
		{
			Name: "https.names", Flag: "https-names", Default: "",
			Help:  text.Text{Zh: "证书包含的主机名和 IP 地址，逗号分隔；本机名和 localhost 总在其中", En: "host names and IP addresses in the certificate, separated by commas; this host's name and localhost are always in it"},
			Field: func(c *Config) any { return &c.HTTPS.Names },
			Check: func(c *Config) error { return names(c.HTTPS.Names) },
		},
		{
			Name: "http.address", Flag: "http", Default: "",
			Help:  text.Text{Zh: "不加密的 HTTP 监听地址，只允许回环地址，例如 127.0.0.1:8480", En: "address to serve plain HTTP on, loopback only, such as 127.0.0.1:8480"},
			Field: func(c *Config) any { return &c.HTTP.Address },
			Check: func(c *Config) error { return loopback(c.HTTP.Address) },
		},
		{
			Name: "link.address", Flag: "link", Default: ":8444",
			Help:  text.Text{Zh: "网关和下级节点连接的地址；off 表示不监听", En: "address that gateways and child nodes dial; off for none"},
			Field: func(c *Config) any { return &c.Link.Address },
			Check: func(c *Config) error { return address(c.Link.Address) },
		},
		{
			Name: "link.names", Flag: "link-names", Default: "",
			Help:  text.Text{Zh: "写入网关接入码的主机名或 IP 地址，逗号分隔；空则用本机名", En: "host names or IP addresses written into enrolment codes, separated by commas; this host's name when empty"},
			Field: func(c *Config) any { return &c.Link.Names },
			Check: func(c *Config) error { return names(c.Link.Names) },
		},
		{
			Name: "mqtt.address", Flag: "mqtt", Default: ":8883",
			Help:  text.Text{Zh: "MQTT 监听地址（TLS，节点自己的证书）；off 表示不监听", En: "address to serve MQTT on, with TLS and the node's own certificate; off for none"},
			Field: func(c *Config) any { return &c.MQTT.Address },
			Check: func(c *Config) error { return address(c.MQTT.Address) },
		},
		{
			Name: "mqtt.plain", Flag: "mqtt-plain", Default: "",
			Help:  text.Text{Zh: "不加密的 MQTT 监听地址，只允许回环地址，例如 127.0.0.1:1883", En: "address to serve plain MQTT on, loopback only, such as 127.0.0.1:1883"},
			Field: func(c *Config) any { return &c.MQTT.Plain },
			Check: func(c *Config) error { return loopback(c.MQTT.Plain) },
		},
		{
			Name: "handle.udp", Flag: "handle-udp", Default: "off",
			Help:  text.Text{Zh: "Handle 标识解析的 UDP 监听地址，通常为 :2641；off 表示不监听", En: "address to resolve handles on over UDP, usually :2641; off for none"},
			Field: func(c *Config) any { return &c.Handle.UDP },
			Check: func(c *Config) error { return address(c.Handle.UDP) },
		},
		{
			Name: "handle.tcp", Flag: "handle-tcp", Default: "off",
			Help:  text.Text{Zh: "Handle 标识解析与注册的 TCP 监听地址，通常为 :2641；off 表示不监听", En: "address to resolve and register handles on over TCP, usually :2641; off for none"},
			Field: func(c *Config) any { return &c.Handle.TCP },
			Check: func(c *Config) error { return address(c.Handle.TCP) },
		},
		{
			Name: "handle.http", Flag: "handle-http", Default: "off",
			Help:  text.Text{Zh: "Handle 协议的 HTTP 隧道监听地址，通常为 :8000；off 表示不监听", En: "address of the HTTP tunnel for handles, usually :8000; off for none"},
			Field: func(c *Config) any { return &c.Handle.HTTP },
			Check: func(c *Config) error { return address(c.Handle.HTTP) },
		},
		{
			Name: "handle.site", Flag: "handle-site", Default: "",
			Help:  text.Text{Zh: "别处到达本节点所用的 IP 地址，写入站点信息；空则为 127.0.0.1", En: "IP address under which others reach this node, written into its site information; 127.0.0.1 when empty"},
			Field: func(c *Config) any { return &c.Handle.Site },
			Check: func(c *Config) error { return ipAddress(c.Handle.Site) },
		},
		{
			Name: "handle.operators", Flag: "handle-operators", Default: "",
			Help:  text.Text{Zh: "可通过协议托管和取消托管前缀的管理员，例如 300:0.NA/88.101，逗号分隔", En: "administrators who may home and unhome prefixes over the protocol, such as 300:0.NA/88.101, separated by commas"},
			Field: func(c *Config) any { return &c.Handle.Operators },
		},
		{
			Name: "database.url", Flag: "database", Default: "",
			Help:  text.Text{Zh: "数据库地址：sqlite:///绝对路径 或 postgres://用户:口令@主机/库名；空则用数据目录中的 SQLite", En: "database: sqlite:///absolute/path or postgres://user:password@host/name; SQLite in the data folder when empty"},
			Field: func(c *Config) any { return &c.Database.URL },
			Check: func(c *Config) error { return database(c.Database.URL) },
			Mask:  maskURL,
		},
		{
			Name: "journal.maxBytes", Flag: "journal-max", Default: "4GiB",
			Help:  text.Text{Zh: "日志在磁盘上的最大字节数；写满后停止接收，直到已入库部分被清理", En: "most bytes of the journal on disk; when full, nothing is taken until what is stored can be trimmed"},
			Field: func(c *Config) any { return &c.Journal.MaxBytes },
			Check: func(c *Config) error { return within(c.Journal.MaxBytes, 64<<20, 1<<44) },
		},
		{
			Name: "telemetry.headBytes", Flag: "head-bytes", Default: "64MiB",
			Help:  text.Text{Zh: "内存中尚未写成数据块的样本的最大字节数", En: "most bytes of samples held in memory before they are written as blocks"},
			Field: func(c *Config) any { return &c.Telemetry.HeadBytes },
			Check: func(c *Config) error { return within(c.Telemetry.HeadBytes, 1<<20, 1<<37) },
		},
		{
			Name: "telemetry.budget", Flag: "telemetry-budget", Default: "0",
			Help:  text.Text{Zh: "样本在磁盘上可占用的字节数，将满前预警；0 表示整个磁盘", En: "bytes that samples may take on disk, of which is warned before they are used up; 0: all of the volume"},
			Field: func(c *Config) any { return &c.Telemetry.Budget },
			Check: func(c *Config) error {
				if c.Telemetry.Budget == 0 {
					return nil
				}
				return within(c.Telemetry.Budget, 64<<20, 1<<50)
			},
		},
		{
			Name: "cluster.cells", Flag: "cells", Default: "",
			Help:  text.Text{Zh: "集群中各单元的名称，逗号分隔；每个单元是一个完整节点，由某个进程持有；空则本进程就是一个独立节点", En: "names of the cluster's cells, separated by commas; a cell is a whole node, held by one of the processes; when empty this process is one node by itself"},
			Field: func(c *Config) any { return &c.Cluster.Cells },
			Check: checkCluster,
		},
		{
			Name: "cluster.domain", Flag: "cluster-domain", Default: "",
			Help:  text.Text{Zh: "单元的域名后缀：单元 a 的主机名是 a.<域名>", En: "domain of the cells: cell a is reached as a.<domain>"},
			Field: func(c *Config) any { return &c.Cluster.Domain },
			Check: func(c *Config) error {
				if c.Cluster.Domain == "" {
					return nil
				}
				return names([]string{c.Cluster.Domain})
			},
		},
		{
			Name: "cluster.advertise", Flag: "cluster-advertise", Default: "",
			Help:  text.Text{Zh: "其他进程访问本进程所用的主机名或 IP 地址；空则用本机名", En: "host name or IP address under which the other processes reach this one; this host's name when empty"},
			Field: func(c *Config) any { return &c.Cluster.Advertise },
			Check: func(c *Config) error {
				if c.Cluster.Advertise == "" {
					return nil
				}
				return names([]string{c.Cluster.Advertise})
			},
		},
		{
			Name: "cluster.nats", Flag: "cluster-nats", Default: "",
			Help:  text.Text{Zh: "NATS 服务器地址，逗号分隔，例如 tls://n1:4222,tls://n2:4222,tls://n3:4222", En: "addresses of the NATS servers, separated by commas, such as tls://n1:4222,tls://n2:4222,tls://n3:4222"},
			Field: func(c *Config) any { return &c.Cluster.NATS },
			Check: func(c *Config) error { return natsServers(c.Cluster.NATS) },
		},
		{
			Name: "cluster.credentials", Flag: "cluster-credentials", Default: "",
			Help:  text.Text{Zh: "登录 NATS 的凭据文件（.creds）", En: "credentials file (.creds) to sign in to NATS with"},
			Field: func(c *Config) any { return &c.Cluster.Credentials },
		},
		{
			Name: "cluster.ca", Flag: "cluster-ca", Default: "",
			Help:  text.Text{Zh: "NATS 服务器证书的签发机构文件（PEM）；空则用系统的", En: "file (PEM) of the authorities of the NATS servers' certificates; the system's when empty"},
			Field: func(c *Config) any { return &c.Cluster.CA },
		},
		{
			Name: "cluster.replicas", Flag: "cluster-replicas", Default: "3",
			Help:  text.Text{Zh: "日志和文件在 NATS 中的副本数：1、3 或 5；1 不能承受服务器损坏", En: "copies of journals and files in NATS: 1, 3 or 5; with 1 no server may be lost"},
			Field: func(c *Config) any { return &c.Cluster.Replicas },
			Check: func(c *Config) error {
				if r := c.Cluster.Replicas; r != 1 && r != 3 && r != 5 {
					return fmt.Errorf("want 1, 3 or 5")
				}
				return nil
			},
		},
		{
			Name: "cluster.cache", Flag: "cluster-cache", Default: "16GiB",
			Help:  text.Text{Zh: "每个单元的文件在本机缓存的最大字节数", En: "most bytes of each cell's files kept on this machine"},
			Field: func(c *Config) any { return &c.Cluster.Cache },
			Check: func(c *Config) error { return within(c.Cluster.Cache, 64<<20, 1<<46) },
		},
		{
			Name: "cluster.standby", Flag: "cluster-standby", Default: "true",
			Help:  text.Text{Zh: "把其他进程持有的单元的文件也缓存在本机，以便快速接管", En: "keep the files of cells that other processes have at hand too, to take them over fast"},
			Field: func(c *Config) any { return &c.Cluster.Standby },
		},
		{
			Name: "cluster.lease", Flag: "cluster-lease", Default: "10s",
			Help:  text.Text{Zh: "进程失联多久之后，其他进程接管它的单元", En: "how long after a process was last heard of the others take its cells"},
			Field: func(c *Config) any { return &c.Cluster.Lease },
			Check: func(c *Config) error {
				if c.Cluster.Lease < 2*time.Second || c.Cluster.Lease > 5*time.Minute {
					return fmt.Errorf("want 2s to 5m")
				}
				return nil
			},
		},
		{
			Name: "auth.signUp", Flag: "sign-up", Default: "false",
			Help:  text.Text{Zh: "是否允许人员自行注册（没有任何组织的角色，只能申请企业入驻）", En: "let people sign up by themselves; they have no role anywhere, and may apply to join with their enterprise"},
			Field: func(c *Config) any { return &c.Auth.SignUp },
		},
		{
			Name: "auth.providers", Flag: "auth-providers", Default: "",
			Help:  text.Text{Zh: "OpenID Connect 登录方的列表文件（YAML）；空则没有", En: "file (YAML) that lists OpenID Connect providers to sign in with; none when empty"},
			Field: func(c *Config) any { return &c.Auth.Providers },
		},
		{
			Name: "auth.url", Flag: "auth-url", Default: "",
			Help:  text.Text{Zh: "浏览器访问本节点的地址，例如 https://jw.example.cn，登录方据此送回浏览器；有 auth.providers 时必填", En: "address under which browsers reach this node, such as https://jw.example.cn, where providers send them back; needed with auth.providers"},
			Field: func(c *Config) any { return &c.Auth.URL },
			Check: func(c *Config) error { return browserURL(c.Auth) },
		},
		{
			Name: "inbox.allow", Flag: "inbox-allow", Default: "",
			Help:  text.Text{Zh: "允许发送消息的内网主机名或 IP 地址，逗号分隔，例如单位内部的邮件服务器；其余内网地址一律拒绝", En: "host names or IP addresses in a private network that messages may be sent to, separated by commas, such as a mail server of the house; all other private addresses are refused"},
			Field: func(c *Config) any { return &c.Inbox.Allow },
			Check: func(c *Config) error { return names(c.Inbox.Allow) },
		},
		{
			Name: "inbox.ca", Flag: "inbox-ca", Default: "",
			Help:  text.Text{Zh: "对方服务器证书的另外签发机构文件（PEM），与系统的一并使用", En: "file (PEM) of further authorities of other servers' certificates, used beside the system's"},
			Field: func(c *Config) any { return &c.Inbox.CA },
		},
		{
			Name: "log.level", Flag: "log-level", Default: "info",
			Help:  text.Text{Zh: "运行日志级别：debug、info、warn、error", En: "how much is logged: debug, info, warn or error"},
			Field: func(c *Config) any { return &c.Log.Level },
		},
		{
			Name: "log.format", Flag: "log-format", Default: "text",
			Help:  text.Text{Zh: "运行日志格式：text 或 json", En: "form of the log: text or json"},
			Field: func(c *Config) any { return &c.Log.Format },
			Check: func(c *Config) error { return oneOf(c.Log.Format, "text", "json") },
		},
	}
}

func notEmpty(s string) error {
	if strings.TrimSpace(s) == "" {
		return fmt.Errorf("is empty; give a folder")
	}
	return nil
}

// browserURL is https, or http on loopback, which browsers trust as well.
func browserURL(a Auth) error {
	if a.URL == "" {
		if a.Providers != "" {
			return fmt.Errorf("is needed with auth.providers: give the address under which browsers reach this node, such as https://jw.example.cn")
		}
		return nil
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("want https://host or https://host:port, with nothing behind it")
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(net.JoinHostPort(u.Hostname(), "80")) == nil {
		return nil
	}
	return fmt.Errorf("want https; http on loopback only")
}

func ipAddress(s string) error {
	if s == "" {
		return nil
	}
	if _, err := netip.ParseAddr(s); err != nil {
		return fmt.Errorf("want an IP address, such as 203.0.113.5")
	}
	return nil
}

func oneOf(s string, allowed ...string) error {
	if !slices.Contains(allowed, s) {
		return fmt.Errorf("want %s", strings.Join(allowed, " or "))
	}
	return nil
}

func within(v, low, high Bytes) error {
	if v < low || v > high {
		return fmt.Errorf("want %s to %s", low, high)
	}
	return nil
}

func address(s string) error {
	if s == "off" {
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("want host:port, :port or off")
	}
	if p, err := net.LookupPort("tcp", port); err != nil || p < 0 {
		return fmt.Errorf("%q is not a port; use 1 to 65535, or 0 for any free one", port)
	}
	return nil
}

func loopback(s string) error {
	if s == "" {
		return nil
	}
	if err := address(s); err != nil || s == "off" {
		return fmt.Errorf("want a loopback host:port such as 127.0.0.1:8480, or nothing")
	}
	host, _, _ := net.SplitHostPort(s)
	if host == "localhost" {
		return nil
	}
	if a, err := netip.ParseAddr(host); err != nil || !a.IsLoopback() {
		return fmt.Errorf("plain HTTP is served on loopback only; use 127.0.0.1 or [::1] here, and https.address for other computers")
	}
	return nil
}

func names(list []string) error {
	for _, n := range list {
		if _, err := netip.ParseAddr(n); err == nil {
			continue
		}
		if n == "" || len(n) > 253 || strings.ContainsAny(n, " /:@?#*") {
			return fmt.Errorf("%q is neither a host name nor an IP address", n)
		}
	}
	return nil
}

func database(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("is not an address; want sqlite:///absolute/path or postgres://user@host/name")
	case u.Scheme == "sqlite" && u.Host == "" && strings.HasPrefix(u.Path, "/") && filepath.Base(u.Path) != "/":
		return nil
	case u.Scheme == "postgres" || u.Scheme == "postgresql":
		return nil
	}
	return fmt.Errorf("want sqlite:///absolute/path or postgres://user@host/name")
}

// maskURL hides the password of an address.
func maskURL(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil {
		return "•••"
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
