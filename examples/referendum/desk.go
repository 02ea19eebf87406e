package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/stage"
)

// desk is the directory that all processes share.
type desk string

func (d desk) path(parts ...string) string {
	return filepath.Join(append([]string{string(d)}, parts...)...)
}

func (d desk) record(parts ...string) string {
	return d.path(append([]string{"record"}, parts...)...)
}

func (d desk) mail(parts ...string) string {
	return d.path(append([]string{"mail"}, parts...)...)
}

// private is the directory of one process.
func (d desk) private(who string, parts ...string) string {
	return d.path(append([]string{"private", who}, parts...)...)
}

func (d desk) provingKey() string { return d.path("keys", "proving.key") }

type playDocument struct {
	Voters, Trustees, Threshold int
	Artifacts, Setup            string
}

// writePlay publishes what the flags asked for; the roles read it with readPlay.
func (d desk) writePlay(p *play) error {
	b, err := json.Marshal(playDocument{p.voters, p.trustees, p.threshold, p.artifacts, p.setup})
	if err != nil {
		return err
	}
	return stage.Put(d.mail("play.json"), b)
}

func (d desk) readPlay() (*play, error) {
	b, err := stage.Read(d.mail("play.json"))
	if err != nil {
		return nil, err
	}
	var doc playDocument
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	return &play{doc.Voters, doc.Trustees, doc.Threshold, doc.Artifacts, doc.Setup, string(d)}, nil
}

// manifest reads the manifest and checks the trustees' signatures of the election id.
func (d desk) manifest() (*ballot.Manifest, error) {
	b, err := stage.Read(d.record("manifest.json"))
	if err != nil {
		return nil, err
	}
	m, err := ballot.ParseManifest(b)
	if err != nil {
		return nil, err
	}
	signatures, err := d.signatures()
	if err != nil {
		return nil, err
	}
	return m, m.CheckSignatures(signatures)
}

func (d desk) signatures() ([]ballot.Signature, error) {
	b, err := stage.Read(d.record("signatures.json"))
	if err != nil {
		return nil, err
	}
	return ballot.ParseSignatures(b)
}

// deliver carries every message of the ceremony that is new to all trustees, in a random
// order and twice, as an unreliable network might.
func (d desk) deliver(trustees int) error {
	var letters []string
	for _, path := range stage.List(d.mail("ceremony"), "from-*/*.msg") {
		letters = append(letters, path, path)
	}
	mathrand.Shuffle(len(letters), func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
	for _, path := range letters {
		b, err := stage.Read(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		name := hex.EncodeToString(sum[:8])
		for j := 0; j <= trustees; j++ { // 0 is the registrar, who publishes the transcript
			to := d.mail("ceremony", fmt.Sprintf("to-%d", j))
			for _, copied := range []string{name + ".first", name + ".second"} {
				if stage.Exists(filepath.Join(to, copied)) {
					continue
				}
				if err := stage.Put(filepath.Join(to, copied), b); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// passphrase makes or reads a random passphrase of a process. A real trustee types it.
func (d desk) passphrase(who string) ([]byte, error) {
	path := d.private(who, "passphrase")
	if b, err := stage.Read(path); err == nil {
		return b, nil
	}
	b := []byte(rand.Text())
	return b, stage.PutSecret(path, b)
}
