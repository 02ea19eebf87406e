package box

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/electiontest"
)

// Cast takes any bytes, and a ballot with some of its bytes replaced: what is not the ballot is refused, with a
// signed refusal, and leaves the log as it was.
func FuzzCast(f *testing.F) {
	s := newStage(f, electiontest.Config{})
	d := newMemDisk()
	x, err := open(d, s.Manifest, s.config())
	require.NoError(f, err)
	f.Cleanup(func() { x.Close() })
	valid := s.Ballot(f, 0, 0, 0).Bytes()
	receipt, err := x.Cast(context.Background(), valid)
	require.NoError(f, err)
	f.Add(uint16(0), valid)
	f.Add(uint16(len(valid)-1), []byte{1})
	f.Add(uint16(sequenceOffset), []byte{0, 0, 0, 1})
	f.Add(uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, at uint16, data []byte) {
		changed := bytes.Clone(valid)
		copy(changed[min(int(at), len(changed)):], data)
		for _, raw := range [][]byte{data, changed} {
			within(t, func() {
				before := x.Checkpoint()
				r, err := x.Cast(context.Background(), raw)
				if bytes.Equal(raw, valid) {
					require.NoError(t, err)
					require.Equal(t, receipt.Index, r.Index)
					return
				}
				var refusal *Refusal
				require.True(t, errors.As(err, &refusal), "%v", err)
				_, err = VerifyRefusal(s.Manifest, refusal.Note)
				require.NoError(t, err)
				require.Equal(t, before, x.Checkpoint())
			})
		}
	})
}

// A witness remembers in a file and is shown checkpoints: any bytes in either place. It cosigns nothing that
// the box did not sign.
func FuzzWitness(f *testing.F) {
	s := newStage(f, electiontest.Config{})
	x := s.open(f)
	honest := x.Checkpoint()
	skey, _, err := GenerateWitnessKey(witnessName)
	require.NoError(f, err)
	signer, err := newCosigner(skey)
	require.NoError(f, err)
	remembering := func(file []byte) (*Witness, error) {
		d := newMemDisk()
		if file != nil {
			d.names["w"] = &memFile{disk: d, data: bytes.Clone(file)}
		}
		w := &Witness{manifest: s.Manifest, signer: signer, now: time.Now, disk: d, name: "w", unlock: never}
		return w, w.load()
	}
	first, err := remembering(nil)
	require.NoError(f, err)
	cosigned, err := first.Cosign(honest.Note, nil)
	require.NoError(f, err)
	f.Add([]byte(nil), honest.Note)
	f.Add(cosigned, honest.Note)
	f.Add(honest.Note, []byte("x"))
	f.Fuzz(func(t *testing.T, file, signed []byte) {
		w, err := remembering(file)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		if w.last != nil {
			require.Equal(t, honest.text(), w.last.text())
		}
		if _, err := w.Cosign(signed, nil); err == nil {
			c, err := ParseCheckpoint(s.Manifest, signed)
			require.NoError(t, err)
			require.Equal(t, honest.text(), c.text())
		}
	})
}
