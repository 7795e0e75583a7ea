package opcua

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/opcua/channel"
)

// signIn creates and activates the session.
func (s *session) signIn(ctx context.Context, e *ua.EndpointDescription, sec channel.Security, policy userPolicy) error {
	nonce := make([]byte, 32)
	rand.Read(nonce)
	uri := "urn:jingwei:gateway"
	var cert []byte
	if s.id != nil {
		uri = s.id.URI
	}
	if sec.Mode != ua.MessageSecurityModeNone {
		cert = s.id.Certificate
	}
	created, err := ask[*ua.CreateSessionResponse](ctx, s, &ua.CreateSessionRequest{
		ClientDescription: &ua.ApplicationDescription{ApplicationURI: uri, ProductURI: "urn:jingwei:gateway", ApplicationName: ua.NewLocalizedText("Jingwei gateway"),
			ApplicationType: ua.ApplicationTypeClient, DiscoveryURLs: []string{}},
		EndpointURL: s.c.endpointURL(e), SessionName: "Jingwei " + s.c.url.Hostname(), ClientNonce: nonce, ClientCertificate: cert,
		RequestedSessionTimeout: float64(max(60_000, 2*s.c.SilenceMs)), MaxResponseMessageSize: channel.MaxMessage})
	if err != nil {
		return err
	}
	if sec.Mode != ua.MessageSecurityModeNone {
		if !channel.SameLeaf(created.ServerCertificate, e.ServerCertificate) {
			return fmt.Errorf("the session is another server's: %w", ua.StatusBadCertificateInvalid)
		}
		if err := sec.Verify(append(append([]byte(nil), cert...), nonce...), created.ServerSignature.Signature); err != nil {
			return fmt.Errorf("the server's signature of the session is wrong: %w", ua.StatusBadSecurityChecksFailed)
		}
		// The list of endpoints came unprotected before; now it is signed. Nobody may have taken a better one out of it.
		_, chosen := s.c.best([]*ua.EndpointDescription{e})
		if _, best := s.c.best(created.ServerEndpoints); best > chosen {
			return &driver.Fault{Code: CodeDowngraded, Text: driver.Text{
				Zh: "服务器支持更强的安全策略，却没有出现在公开的列表里：可能有人在中间篡改；请检查网络，或在 security 中明确指定策略",
				En: "the server has a better security policy than its open list showed: somebody between may have changed it; check the network, or name the policy in security"}}
		}
	}
	s.client.SetSession(created.AuthenticationToken)
	token, sig, err := s.userToken(policy, sec, created.ServerCertificate, created.ServerNonce)
	if err != nil {
		return err
	}
	own, err := sec.Sign(append(append([]byte(nil), created.ServerCertificate...), created.ServerNonce...))
	if err != nil {
		return err
	}
	_, err = ask[*ua.ActivateSessionResponse](ctx, s, &ua.ActivateSessionRequest{ClientSignature: own,
		ClientSoftwareCertificates: []*ua.SignedSoftwareCertificate{}, LocaleIDs: []string{}, UserIdentityToken: token, UserTokenSignature: sig})
	return err
}

// userPolicy is how the endpoint wants a user to sign in.
type userPolicy struct{ id, uri string }

// userPolicy picks the policy for the link's way to sign in. The error is a *driver.Fault.
func (c *Config) userPolicy(e *ua.EndpointDescription) (userPolicy, error) {
	want := map[string]ua.UserTokenType{"anonymous": ua.UserTokenTypeAnonymous, "password": ua.UserTokenTypeUserName, "certificate": ua.UserTokenTypeCertificate}[c.SignIn]
	var best *userPolicy
	for _, t := range e.UserIdentityTokens {
		if t == nil || t.TokenType != want {
			continue
		}
		p := userPolicy{t.PolicyID, t.SecurityPolicyURI}
		if p.uri == "" {
			p.uri = e.SecurityPolicyURI
		}
		if want == ua.UserTokenTypeAnonymous {
			p.uri = ua.SecurityPolicyURINone
		} else if p.uri != ua.SecurityPolicyURINone && rank(p.uri) == 0 {
			continue // a policy of elliptic curves, or one yet to come
		}
		if best == nil || rank(p.uri) > rank(best.uri) {
			best = &p
		}
	}
	switch {
	case best == nil && want == ua.UserTokenTypeAnonymous && len(e.UserIdentityTokens) == 0:
		return userPolicy{"", ua.SecurityPolicyURINone}, nil
	case best == nil:
		return userPolicy{}, &driver.Fault{Code: CodeSignIn, Text: driver.Text{
			Zh: "服务器的这个端点不允许这种登录方式（signIn=" + c.SignIn + "）：请改用其他方式，或在服务器上启用",
			En: "this endpoint of the server does not allow this sign-in (signIn=" + c.SignIn + "): choose another, or enable it at the server"}}
	case want == ua.UserTokenTypeUserName && best.uri == ua.SecurityPolicyURINone && e.SecurityMode != ua.MessageSecurityModeSignAndEncrypt && !c.PlainPassword:
		return userPolicy{}, &driver.Fault{Code: CodePlain, Text: driver.Text{
			Zh: "口令会以明文经过网络：请选用加密的安全策略；确需如此时打开 plainPassword",
			En: "the password would be readable on the network: choose a policy that encrypts; if it has to be, switch plainPassword on"}}
	}
	return *best, nil
}

// userToken makes the token that signs the user in, and its signature.
func (s *session) userToken(p userPolicy, sec channel.Security, server, nonce []byte) (*ua.ExtensionObject, *ua.SignatureData, error) {
	own := channel.Security{Policy: p.uri, Remote: server}
	if s.id != nil {
		own.Key = s.id.Key
	}
	if p.uri != ua.SecurityPolicyURINone && Fingerprint(leafOf(server)) != s.c.fingerprint {
		return nil, nil, fmt.Errorf("the session is another server's: %w", ua.StatusBadCertificateInvalid)
	}
	switch s.c.SignIn {
	case "password":
		t := &ua.UserNameIdentityToken{PolicyID: p.id, UserName: s.c.User, Password: []byte(s.c.Password)}
		if p.uri != ua.SecurityPolicyURINone {
			algo, err := own.Asymmetric()
			if err != nil {
				return nil, nil, err
			}
			secret := binary.LittleEndian.AppendUint32(nil, uint32(len(s.c.Password)+len(nonce)))
			if t.Password, err = algo.Encrypt(append(append(secret, s.c.Password...), nonce...)); err != nil {
				return nil, nil, fmt.Errorf("encrypt the password: %w", err)
			}
			t.EncryptionAlgorithm = algo.EncryptionURI()
		}
		return ua.NewExtensionObject(t), &ua.SignatureData{}, nil
	case "certificate":
		user := s.id
		if s.c.Certificate != "" {
			var err error
			if user, err = parsePair([]byte(s.c.Certificate), []byte(s.c.Key)); err != nil {
				return nil, nil, err
			}
		}
		if user == nil {
			return nil, nil, errors.New("there is no certificate to sign in with")
		}
		own.Key = user.Key
		sig, err := own.Sign(append(append([]byte(nil), server...), nonce...))
		return ua.NewExtensionObject(&ua.X509IdentityToken{PolicyID: p.id, CertificateData: user.Certificate}), sig, err
	}
	return ua.NewExtensionObject(&ua.AnonymousIdentityToken{PolicyID: p.id}), &ua.SignatureData{}, nil
}

func leafOf(chain []byte) []byte {
	leaf, _, err := channel.Leaf(chain)
	if err != nil {
		return nil
	}
	return leaf.Raw
}
