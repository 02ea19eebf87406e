package tally

import (
	"github.com/scrutin/scrutin/ballot"
)

// FillDraft writes what the ceremony made into the draft of its manifest: the election key, the
// ceremony's digest, the trustees and the threshold. The ceremony must be done.
func (c *Ceremony) FillDraft(d *ballot.Draft) error {
	key, err := c.PublicKey()
	if err != nil {
		return err
	}
	digest, err := c.Digest()
	if err != nil {
		return err
	}
	roster := c.Roster()
	d.PublicKey, d.Ceremony = key.Bytes(), digest
	d.Trustees, d.Threshold = roster.Trustees, roster.Threshold
	return nil
}
