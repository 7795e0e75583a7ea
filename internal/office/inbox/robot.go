package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// maxRobot bounds a robot's text in bytes (WeCom takes 2048, DingTalk and Feishu 20,000).
const maxRobot = 2000

func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n -= len("…"); n > 0 && s[n]&0xC0 == 0x80; n-- { // not inside a character
	}
	return s[:n] + "…"
}

// vendor is how WeCom, DingTalk and Feishu answer: 200 with a code of their own.
type vendor struct {
	ErrCode *int64 `json:"errcode"`
	Code    *int64 `json:"code"`
	ErrMsg  string `json:"errmsg"`
	Msg     string `json:"msg"`
}

// judge reads such an answer. busy, signature and final are codes of the vendor's documentation.
func judge(httpStatus int, answer []byte, kinds map[int64]trouble) error {
	if err := status(httpStatus, answer); err != nil {
		return err
	}
	var v vendor
	if err := json.Unmarshal(answer, &v); err != nil || v.ErrCode == nil && v.Code == nil {
		return &trouble{code: "answer", detail: lineOf(string(answer))}
	}
	code := v.ErrCode
	if code == nil {
		code = v.Code
	}
	if *code == 0 {
		return nil
	}
	t, ok := kinds[*code]
	if !ok {
		t = trouble{code: "refused"} // it may be a fault of theirs: try again, and give up in the end
	}
	t.detail = lineOf(fmt.Sprintf("%d %s%s", *code, v.ErrMsg, v.Msg))
	return &t
}

// Codes of the vendors (developer.work.weixin.qq.com/document/path/90313; open.dingtalk.com "自定义机器人错误码";
// open.feishu.cn "自定义机器人使用指南").
var (
	wecomCodes = map[int64]trouble{
		93000: {code: "sign-in", final: true}, 40001: {code: "sign-in", final: true}, 40013: {code: "sign-in", final: true}, 40014: {code: "sign-in"}, 42001: {code: "sign-in"},
		40058: {code: "refused", final: true}, 45009: {code: "rate"}, -1: {code: "busy"}, 60020: {code: "refused", final: true},
	}
	dingTalkCodes = map[int64]trouble{
		310000: {code: "signature", final: true}, 300001: {code: "sign-in", final: true}, 400101: {code: "sign-in", final: true}, 130101: {code: "rate"}, 410100: {code: "rate"},
		400013: {code: "refused", final: true}, -1: {code: "busy"},
	}
	feishuCodes = map[int64]trouble{
		19021: {code: "signature", final: true}, 19001: {code: "sign-in", final: true}, 19022: {code: "refused", final: true}, 19024: {code: "refused", final: true},
		9499: {code: "refused", final: true}, 11232: {code: "rate"},
	}
)

func (d *door) robot(ctx context.Context, address string, body any, kinds map[int64]trouble) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	code, answer, err := d.Post(ctx, address, "application/json; charset=utf-8", b, nil)
	if err != nil {
		return network(err)
	}
	return judge(code, answer, kinds)
}

// sendWeCom: developer.work.weixin.qq.com/document/path/91770. A robot has no key against duplicates.
func (d *door) sendWeCom(ctx context.Context, s *Settings, o *outgoing) error {
	return d.robot(ctx, s.URL, map[string]any{"msgtype": "text", "text": map[string]any{"content": cutBytes(o.words(), maxRobot)}}, wecomCodes)
}

func (d *door) sendDingTalk(ctx context.Context, s *Settings, o *outgoing) error {
	timestamp, sign := dingTalkSign(s.Secret, o.At)
	address, err := withQuery(s.URL, "timestamp", timestamp, "sign", sign)
	if err != nil {
		return network(err)
	}
	return d.robot(ctx, address, map[string]any{"msgtype": "text", "text": map[string]any{"content": cutBytes(o.words(), maxRobot)}}, dingTalkCodes)
}

func (d *door) sendFeishu(ctx context.Context, s *Settings, o *outgoing) error {
	body := map[string]any{"msg_type": "text", "content": map[string]any{"text": cutBytes(o.words(), maxRobot)}}
	if s.Secret != "" {
		body["timestamp"], body["sign"] = feishuSign(s.Secret, o.At)
	}
	return d.robot(ctx, s.URL, body, feishuCodes)
}

// wecomToken is an access token of an application; it holds for two hours.
type wecomToken struct {
	token string
	until time.Time
}

// sendWeComApp: developer.work.weixin.qq.com/document/path/90236. WeCom itself drops what comes twice within half an hour.
func (s *Service) sendWeComApp(ctx context.Context, c *Settings, o *outgoing) error {
	key := c.URL + " " + c.Corp + " " + s.sealer.codeHash("app", c.Secret)
	for again := false; ; again = true {
		token, err := s.wecomToken(ctx, key, c)
		if err != nil {
			return err
		}
		address, err := withQuery(c.URL+"/cgi-bin/message/send", "access_token", token)
		if err != nil {
			return network(err)
		}
		err = s.door.robot(ctx, address, map[string]any{
			"touser": c.To, "msgtype": "text", "agentid": c.Agent, "text": map[string]any{"content": cutBytes(o.words(), maxRobot)},
			"enable_duplicate_check": 1, "duplicate_check_interval": 1800,
		}, wecomCodes)
		if t, ok := err.(*trouble); ok && t.code == "sign-in" && !t.final && !again { // the token has ended early
			s.mu.Lock()
			delete(s.tokens, key)
			s.mu.Unlock()
			continue
		}
		return err
	}
}

func (s *Service) wecomToken(ctx context.Context, key string, c *Settings) (string, error) {
	s.mu.Lock()
	t := s.tokens[key]
	s.mu.Unlock()
	if t.token != "" && s.o.Now().Before(t.until) {
		return t.token, nil
	}
	q := url.Values{"corpid": {c.Corp}, "corpsecret": {c.Secret}}
	code, answer, err := s.door.Get(ctx, c.URL+"/cgi-bin/gettoken?"+q.Encode())
	if err != nil {
		return "", network(err)
	}
	if err := judge(code, answer, wecomCodes); err != nil {
		return "", err
	}
	var a struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(answer, &a); err != nil || a.Token == "" {
		return "", &trouble{code: "answer"}
	}
	s.mu.Lock()
	s.tokens[key] = wecomToken{a.Token, s.o.Now().Add(time.Duration(max(a.Expires-300, 60)) * time.Second)}
	s.mu.Unlock()
	return a.Token, nil
}
