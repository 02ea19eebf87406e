package tally

import (
	"bytes"
	"fmt"
)

// Organiser holds the key of whoever runs a ceremony. It does one thing: it closes a round in
// which trustees stay silent. It takes no part in the election key. One Organiser may run many
// ceremonies.
type Organiser struct{ vault *vault }

// OpenOrganiser opens the organiser's file at path, or creates it, as OpenTrustee does.
func OpenOrganiser(path string, passphrase []byte) (*Organiser, error) {
	v, err := openVault(path, "organiser", passphrase)
	if err != nil {
		return nil, err
	}
	return &Organiser{v}, nil
}

// Key returns the organiser's key, for the Roster.
func (o *Organiser) Key() [64]byte { return o.vault.key }

// Format writes the public key alone, whatever the verb.
func (o Organiser) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Organiser(%x)", o.vault.key) }

// Close returns the message that closes the current round of c without the trustees who are
// awaited. Trustees who are left out of the enrol or the commit round are out of the run; left
// out of the verdict they have waived complaints; left out of the signatures, nothing. To close
// the deal round states that the awaited withhold their deals, and ends the run.
//
// Wait as long as you can: a trustee whose message is merely late is out too, and if others
// have gone on with it, the run is void. Close refuses, with an error of kind ErrRefused, where
// too few trustees would be left to go on: start again with another roster instead. A round is
// closed once; Close then returns the same message again.
func (o *Organiser) Close(c *Ceremony) ([]byte, error) {
	if c.roster.Organiser != o.vault.key {
		return nil, o.vault.errorf("%w: the ceremony has another organiser", ErrForeign)
	}
	s := c.now()
	switch {
	case s.void != "":
		return nil, fmt.Errorf("tally: %w: %s", ErrVoid, s.void)
	case s.done:
		return nil, o.vault.errorf("%w: the ceremony is complete", ErrRefused)
	}
	if err := c.closable(s); err != nil {
		return nil, o.vault.errorf("%w", err)
	}
	body := make([]byte, len(s.awaited))
	for i, j := range s.awaited {
		body[i] = byte(j)
	}
	v := o.vault
	msg := newMessage(c.id, s.round, 0, s.prev, body, &v.x, &v.y)
	stored, err := v.remember(fmt.Sprintf("closing-%x-%v", c.id, s.round), msg)
	if err != nil {
		return nil, err
	}
	// It may have been closed before, when others were awaited or the earlier rounds were different.
	earlier, err := c.parseMessage(stored)
	if err != nil {
		return nil, o.vault.errorf("journal: %w", err)
	}
	if earlier.prev != s.prev {
		return nil, o.vault.errorf("%w: it closed the %v round already, after other earlier messages", ErrRefused, s.round)
	}
	return stored, nil
}

// closable returns an error if the run cannot go on without those who are awaited.
func (c *Ceremony) closable(s *state) error {
	if m := c.slots[s.round][0].first; m != nil {
		return fmt.Errorf("%w: the %v round is closed already; trustee %s is awaited all the same", ErrRefused, s.round, list(s.awaited))
	}
	left := len(s.remaining())
	switch s.round {
	case RoundEnrol, RoundCommit:
		left -= len(s.awaited)
	case RoundSign:
		left = 0
		for j, slot := range c.slots[RoundSign] {
			if m := slot.first; s.left[j] && m != nil && slot.second == nil && m.prev == s.prev && bytes.Equal(m.body, s.key.digest[:]) {
				left++
			}
		}
	}
	if quorum := c.roster.quorum(); left < quorum {
		return fmt.Errorf("%w: without trustee %s only %d would be left in the %v round, and %d are needed: wait, or start again with another roster",
			ErrRefused, list(s.awaited), left, s.round, quorum)
	}
	return nil
}
