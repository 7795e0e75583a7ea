package inbox

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/outward"
	"jingwei/internal/kernel/text"
)

// ChannelKind is a way out.
type ChannelKind string

// The kinds. A person has mail and SMS, an organisation all of them.
const (
	Mail     ChannelKind = "mail"
	SMS      ChannelKind = "sms"
	WeCom    ChannelKind = "wecom"     // robot of a WeCom group
	WeComApp ChannelKind = "wecom-app" // message of a WeCom application
	DingTalk ChannelKind = "dingtalk"  // robot of a DingTalk group
	Feishu   ChannelKind = "feishu"    // robot of a Feishu group
	Webhook  ChannelKind = "webhook"
)

// ChannelKinds that exist.
var ChannelKinds = []ChannelKind{Mail, SMS, WeCom, WeComApp, DingTalk, Feishu, Webhook}

// personalKinds are those that a person may have.
var personalKinds = []ChannelKind{Mail, SMS}

// Settings are what a channel needs, with its secrets; they are sealed and never shown again.
type Settings struct {
	Address string `json:"address,omitempty"` // mail address, or mobile number
	URL     string `json:"url,omitempty"`     // of a robot or webhook; of WeCom's API for an application
	Secret  string `json:"secret,omitempty"`  // with which requests are signed; of an application
	Corp    string `json:"corp,omitempty"`    // corpid of a WeCom application
	Agent   int64  `json:"agent,omitempty"`   // agentid
	To      string `json:"to,omitempty"`      // its recipients: user ids joined by |, or @all
}

// Channel is where somebody wants messages sent.
type Channel struct {
	ID        uuid.UUID
	Org       uuid.UUID // whose it is; one of both is zero
	Person    uuid.UUID
	Kind      ChannelKind
	Name      string
	Address   string // what may be shown of the address
	Lang      string // zh or en
	Enabled   bool
	Verified  int64 // 0: not yet
	Trouble   text.Text
	TroubleAt int64 // of the last failure since the last success
	Sent      int64 // last success
	Waiting   int   // queued
	Dead      int   // undelivered
	Created   int64
}

// Bounds.
const (
	maxSecret   = 500
	maxName     = 60
	maxChannels = 20 // of one person or organisation
)

// mobile is a number on the Chinese mainland, or an international one with its country code.
var mobile = regexp.MustCompile(`^(1[3-9]\d{9}|\+[1-9]\d{6,14})$`)

var (
	nameAddress = text.Text{Zh: "邮箱", En: "Mail address"}
	namePhone   = text.Text{Zh: "手机号", En: "Mobile number"}
	nameURL     = text.Text{Zh: "网址", En: "Address"}
	nameSecret  = text.Text{Zh: "密钥", En: "Secret"}
	nameName    = text.Text{Zh: "名称", En: "Name"}
	nameKind    = text.Text{Zh: "类型", En: "Kind"}
	nameCorp    = text.Text{Zh: "企业 ID", En: "Corp id"}
	nameAgent   = text.Text{Zh: "应用 AgentId", En: "Agent id"}
	nameTo      = text.Text{Zh: "接收成员", En: "Recipients"}
	nameTime    = text.Text{Zh: "时间", En: "Time"}
	nameHost    = text.Text{Zh: "服务器", En: "Server"}
)

// mailAddress reads one address without a name.
func mailAddress(s string) (string, bool) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || len(a.Address) > 254 || strings.ContainsAny(s, "<>\r\n") {
		return "", false
	}
	return a.Address, true
}

// phone brings a mobile number into its one form.
func phone(s string) (string, bool) {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	s = strings.TrimPrefix(s, "+86")
	return s, mobile.MatchString(s)
}

// settle checks settings and returns what may be shown of the address.
func (d *door) settle(kind ChannelKind, s *Settings) (shown string, wrong *problem.Error) {
	switch kind {
	case Mail:
		a, ok := mailAddress(s.Address)
		if !ok {
			return "", fault{"不是邮箱地址", "is no mail address", "例如 name@example.com", "Such as name@example.com"}.at("body.address", s.Address, nameAddress)
		}
		*s = Settings{Address: a}
		return a, nil
	case SMS:
		p, ok := phone(s.Address)
		if !ok {
			return "", fault{"不是手机号", "is no mobile number", "填写 11 位手机号；境外号码以 + 和国家码开头", "Give 11 digits, or + and the country code"}.at("body.address", s.Address, namePhone)
		}
		*s = Settings{Address: p}
		return p, nil
	case WeComApp:
		return d.settleApp(s)
	}
	host, f := d.address(s.URL)
	if f.is() {
		return "", f.at("body.url", "…", nameURL)
	}
	if known := robotHosts[kind]; known != "" && host != known && !d.Allowed(host) {
		return "", fault{"不是该平台机器人的网址", "is not the address of such a robot", "请从群机器人设置中复制，域名应为 " + known, "Copy it from the robot's settings; its host is " + known}.at("body.url", host, nameURL)
	}
	if len(s.Secret) > maxSecret || (kind == Webhook || kind == DingTalk) && len(s.Secret) < 8 {
		return "", fault{"密钥缺失或长度不对", "is missing or of a wrong length", "webhook 和钉钉机器人须填 8 至 500 个字符的签名密钥", "Webhooks and DingTalk robots need one of 8 to 500 characters"}.at("body.secret", "…", nameSecret)
	}
	*s = Settings{URL: s.URL, Secret: s.Secret}
	return host, nil
}

// wecomAPI is where WeCom's applications are called.
const wecomAPI = "https://qyapi.weixin.qq.com"

// robotHosts are the only hosts of the vendors' robots.
var robotHosts = map[ChannelKind]string{WeCom: "qyapi.weixin.qq.com", DingTalk: "oapi.dingtalk.com", Feishu: "open.feishu.cn"}

func (d *door) settleApp(s *Settings) (string, *problem.Error) {
	missing := fault{"未填写", "is missing", "请从企业微信管理后台复制", "Copy it from WeCom's administration"}
	switch {
	case s.Corp == "" || len(s.Corp) > 64:
		return "", missing.at("body.corp", s.Corp, nameCorp)
	case s.Agent <= 0:
		return "", missing.at("body.agent", "", nameAgent)
	case s.Secret == "" || len(s.Secret) > maxSecret:
		return "", missing.at("body.secret", "…", nameSecret)
	case s.To == "" || len(s.To) > outward.MaxAddress:
		return "", missing.at("body.to", s.To, nameTo)
	}
	if s.URL == "" {
		s.URL = wecomAPI
	}
	s.URL = strings.TrimRight(s.URL, "/")
	host, f := d.address(s.URL)
	if f.is() {
		return "", f.at("body.url", "…", nameURL)
	}
	if host != robotHosts[WeCom] && !d.Allowed(host) {
		return "", fault{"不是企业微信的网址", "is not WeCom's", "请留空", "Leave it empty"}.at("body.url", host, nameURL)
	}
	*s = Settings{URL: s.URL, Secret: s.Secret, Corp: s.Corp, Agent: s.Agent, To: s.To}
	return s.Corp + " / " + shorten(s.To, 40), nil
}

func checkChannelName(name string) (string, *problem.Error) {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "", fault{"太长或含有控制字符", "is too long or holds control characters", "最多 60 个字", "At most 60 characters"}.at("body.name", shorten(name, maxName), nameName)
	}
	return name, nil
}
