package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// dingTalkSign signs for a DingTalk group robot with "加签" security: HMAC-SHA256 with the secret as key over
// "<timestamp in ms>\n<secret>", in base64; it goes into the query with the timestamp, which may be at most an hour off.
// Source: open.dingtalk.com/document/robots/customize-robot-security-settings.
func dingTalkSign(secret string, at time.Time) (timestamp, sign string) {
	timestamp = strconv.FormatInt(at.UnixMilli(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(timestamp + "\n" + secret))
	return timestamp, base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// feishuSign signs for a Feishu group robot with "签名校验": HMAC-SHA256 with "<timestamp in s>\n<secret>" as the key over
// nothing, in base64; it goes into the body, and the timestamp may be at most an hour off.
// Source: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
func feishuSign(secret string, at time.Time) (timestamp, sign string) {
	timestamp = strconv.FormatInt(at.Unix(), 10)
	return timestamp, base64.StdEncoding.EncodeToString(hmac.New(sha256.New, []byte(timestamp+"\n"+secret)).Sum(nil))
}

// SignatureHeader carries the signature of our own webhooks and of calls to an SMS gateway.
const SignatureHeader = "Jingwei-Signature"

// Window is for how long a receiver of our webhooks accepts a signature, either way.
const Window = 5 * time.Minute

// Sign signs a body: "t=<s since 1970>,v1=<hex of HMAC-SHA256(secret, t + "." + body)>".
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(secret, t, body))
}

func mac(secret, t string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(t + "."))
	m.Write(body)
	return m.Sum(nil)
}

// Verify is what a receiver does with SignatureHeader. It tells what is wrong.
func Verify(secret, header string, now time.Time, body []byte) error {
	if len(header) > 200 {
		return fmt.Errorf("the signature is longer than any of ours")
	}
	head, sum, ok := strings.Cut(header, ",v1=")
	t, found := strings.CutPrefix(head, "t=")
	s, err := strconv.ParseInt(t, 10, 64)
	if !ok || !found || err != nil {
		return fmt.Errorf("the signature is not t=…,v1=…")
	}
	given, err := hex.DecodeString(sum)
	if err != nil || subtle.ConstantTimeCompare(given, mac(secret, t, body)) != 1 {
		return fmt.Errorf("the signature is not of this body with this secret")
	}
	if d := now.Unix() - s; d > int64(Window/time.Second) || d < -int64(Window/time.Second) {
		return fmt.Errorf("the signature is %d seconds away", d)
	}
	return nil
}

// withQuery adds parameters to an address.
func withQuery(address string, pairs ...string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
