// The owner's door: a key of its own, and a note of who came with what.
const fs = require('fs')

module.exports = (request, response, next) => {
  fs.appendFileSync(process.env.CAME, JSON.stringify({ method: request.method, url: request.url, headers: request.headers }) + '\n')
  if (request.headers['x-api-key'] === process.env.KEY) next()
  else response.status(401).json({ message: 'who is there?' })
}
