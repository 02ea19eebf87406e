// Tests of what this project writes with software that is not its own. They are a module of their
// own, so that nobody who imports the project takes these dependencies.
module github.com/scrutin/scrutin/internal/interop

go 1.26.8

require (
	filippo.io/torchwood v0.9.0
	github.com/makiuchi-d/gozxing v0.1.1
	github.com/scrutin/scrutin v0.0.0
	github.com/stretchr/testify v1.12.1
	golang.org/x/mod v0.41.0
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/bits-and-blooms/bitset v1.25.0 // indirect
	github.com/consensys/gnark-crypto v0.22.0 // indirect
	github.com/dchest/blake512 v1.0.0 // indirect
	github.com/gowebpki/jcs v1.0.2 // indirect
	github.com/piglig/go-qr v1.0.0 // indirect
	go.dedis.ch/kyber/v3 v3.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.57.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	golang.org/x/xerrors v0.0.0-20200804184101-5ec99f83aff1 // indirect
)

replace github.com/scrutin/scrutin => ../..
