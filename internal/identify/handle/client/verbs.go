package client

import (
	"context"

	"jingwei/internal/identify/handle"
)

// asked is Do with every code but success turned into a *handle.Refusal.
func (c *Client) asked(ctx context.Context, t Target, r Request) (Response, error) {
	answer, err := c.Do(ctx, t, r)
	if err != nil {
		return answer, err
	}
	if answer.Code != handle.Success {
		return answer, handle.DecodeRefusal(answer.Code, answer.Body)
	}
	return answer, nil
}

// Resolve asks for values of a handle. Flags may hold FlagPublicOnly and others. A *handle.Refusal for every code but success.
func (c *Client) Resolve(ctx context.Context, t Target, q handle.Question, flags handle.Flags, s Signer) (handle.Name, []handle.Value, error) {
	answer, err := c.asked(ctx, t, Request{Operation: handle.Resolve, Flags: flags, Body: handle.AppendQuestion(nil, q), Signer: s})
	if err != nil {
		return "", nil, err
	}
	return handle.DecodeRecord(answer.Body)
}

// Site asks a server for its site.
func (c *Client) Site(ctx context.Context, t Target) (handle.Site, error) {
	answer, err := c.asked(ctx, t, Request{Operation: handle.GetSiteInfo, Body: handle.AppendName(nil, handle.RootName)})
	if err != nil {
		return handle.Site{}, err
	}
	return handle.DecodeSite(answer.Body)
}

// Create makes a handle; with FlagMint the server makes the suffix. The name as made is returned.
func (c *Client) Create(ctx context.Context, t Target, name handle.Name, values []handle.Value, flags handle.Flags, s Signer) (handle.Name, error) {
	answer, err := c.asked(ctx, t, Request{Operation: handle.CreateHandle, Flags: flags, Body: handle.AppendValues(handle.AppendName(nil, name), values), Signer: s})
	if err != nil {
		return "", err
	}
	made, err := handle.DecodeName(answer.Body)
	if made == "" {
		made = name
	}
	return made, err
}

// Change adds or modifies values (handle.AddValue, handle.ModifyValue).
func (c *Client) Change(ctx context.Context, t Target, op handle.Operation, name handle.Name, values []handle.Value, flags handle.Flags, s Signer) error {
	_, err := c.asked(ctx, t, Request{Operation: op, Flags: flags, Body: handle.AppendValues(handle.AppendName(nil, name), values), Signer: s})
	return err
}

// Remove removes values.
func (c *Client) Remove(ctx context.Context, t Target, name handle.Name, indexes []uint32, s Signer) error {
	_, err := c.asked(ctx, t, Request{Operation: handle.RemoveValue, Body: handle.AppendRemoval(nil, name, indexes), Signer: s})
	return err
}

// ByName does what needs a name alone: handle.DeleteHandle, HomePrefix, UnhomePrefix.
func (c *Client) ByName(ctx context.Context, t Target, op handle.Operation, name handle.Name, s Signer) error {
	_, err := c.asked(ctx, t, Request{Operation: op, Body: handle.AppendName(nil, name), Signer: s})
	return err
}

// List lists the handles of a prefix (handle.ListHandles), those of the prefixes derived from it (ListDerived) or the
// prefixes homed (ListHomed).
func (c *Client) List(ctx context.Context, t Target, op handle.Operation, prefix handle.Name, s Signer) ([]handle.Name, error) {
	answer, err := c.asked(ctx, t, Request{Operation: op, Body: handle.AppendName(nil, prefix), Signer: s})
	if err != nil {
		return nil, err
	}
	names, err := handle.DecodeNames(answer.Body)
	for _, body := range answer.More {
		if err != nil {
			break
		}
		var more []handle.Name
		more, err = handle.DecodeNames(body)
		names = append(names, more...)
	}
	return names, err
}

// Verify asks the server that holds a secret key whether an answer to a challenge proves it. The server's answer is to be
// signed when its key is known.
func (c *Client) Verify(ctx context.Context, t Target, v handle.Verification) (bool, error) {
	var flags handle.Flags
	if t.Key != nil {
		flags = handle.FlagCertify
	}
	answer, err := c.asked(ctx, t, Request{Operation: handle.VerifyAnswer, Flags: flags, Body: handle.AppendVerification(nil, v)})
	if err != nil {
		return false, err
	}
	return len(answer.Body) > 0 && answer.Body[0] == 1, nil
}
