# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_georanker_global_optspecs
    string join \n q/quiet h/help V/version
end

function __fish_georanker_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_georanker_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_georanker_using_subcommand
    set -l cmd (__fish_georanker_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c georanker -n "__fish_georanker_needs_command" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_needs_command" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_needs_command" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "locate" -d 'Say where photos were taken'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "gallery" -d 'Build and keep a gallery of geotagged photos'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "generate" -d 'Ask a vision-language model where photos were taken; sends them to the address you name'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "curate" -d 'Make and describe datasets for training rankers'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "score" -d 'Score the candidates of photos with a vision-language model'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "train" -d 'Train a ranker'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "evaluate" -d 'Measure the accuracy of predictions'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "pull" -d 'Fetch published weights and describe them as a pack'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "packs" -d 'List the packs of this machine, and check them'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l gallery -d 'Search this gallery instead of the pack\'s own' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s f -l format -d 'Output format' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l map -d 'Also write an HTML map to this file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l top -d 'How many candidates to show for each photo' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l distinct -d 'List no candidate closer than this many km to a better one; 0 lists all' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l region -d 'Only answers in this region: a country code (AU), south,west,north,east in degrees, or lat,lon,radius in km' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l precision -d 'Coarsen the output to about this many km, or to the country' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l decide -d 'How to choose the answer: argmax, geoscore, or threshold:KM [default: as the pack says]' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l exclude -d 'Leave out gallery photos that would give the answer away' -r -f -a "same-author\t'Photos by `--author`'
near-duplicate\t'Near-duplicates of the photo itself'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l max-megapixels -d 'Largest photo that is decoded, in megapixels' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l fuse -d 'Search these channels of the gallery together, by the weighted sum of their similarities, such as g3-image=1,g3-text=0.5' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l dedupe -d 'Of candidates within this many metres of a more similar one keep only that one; others take their places' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l coordinates -d 'Search these coordinates (CSV with LAT, LON) in the location channel instead of the pack\'s' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l more-coordinates -d 'Search these coordinates (CSV with LAT, LON) besides the pack\'s' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l query-cache -d 'Keep the vectors of the photos in this directory: a photo that comes again is not encoded again' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l author -d 'Who took the photos; needed for `--exclude same-author`' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate -d 'Also ask a vision-language model for candidates: the photos are sent to this address (a chat API in OpenAI\'s manner)' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-model -d 'Name of that model, as the server knows it' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-key-env -d 'Name of the environment variable that holds the key; without it no key is sent' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-samples -d 'How often the model is asked about each photo' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-detail -d 'How closely the model looks; none sends no picture at all' -r -f -a "none\t'No picture'
low\t'A small version at a fixed price'
high\t'In tiles, at a price by size'
auto\t'As the server thinks best'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-prompt -d 'What is asked: the paper\'s zero-shot prompt, or G3\'s with coordinates of similar and dissimilar gallery photos' -r -f -a "zero-shot\t'The photo alone'
retrieval\t'With coordinates of similar and dissimilar photos'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-temperature -d 'Sampling temperature' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-requests-per-minute -d 'Most requests a minute, evenly spaced' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-budget -d 'Stop asking before this run costs more than this, in the currency of the prices; the rest is located by the gallery alone' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-price-in -d 'Price of a million tokens of prompts and photos' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-price-out -d 'Price of a million tokens of answers' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-cache -d 'Directory of answers [default: georanker/answers in the user\'s cache directory]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generated -d 'Take candidates from a file that `georanker generate` wrote' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l merge-within-m -d 'A written candidate within this many metres of another one is merged with it' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge -d 'Rank the best candidates with this vision-language model (Qwen2-VL with a value head, as `score --model`): one prompt a candidate, minutes a photo' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-adapter -d 'Its adapter, as `train vlm` or PEFT saves it' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-found -d 'How many found candidates it looks at, the best of the pack\'s ranker' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-written -d 'How many candidates that only a model wrote it looks at' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-dtype -d 'Number format of its computation' -r -f -a "f32\t'32 bits'
bf16\t'16 bits with the range of 32'
f16\t'16 bits with a small range'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-device -d 'Where it runs: cpu, or cuda in a build with CUDA' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-max-pixels -d 'Largest photo that it sees, in pixels; larger ones are scaled down, which saves most of the time [default: as the model says]' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-weights -d 'How its weights are held in memory: as stored, or quantised to 8 or 4 bits' -r -f -a "stored\t'In the number format of the computation'
q8\t'8 bits per weight'
q4\t'4 bits per weight'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-weights-cache -d 'Keep its quantised weights in this directory; only the first opening then takes minutes' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-vision-cache -d 'Keep what its vision tower made of gallery photos in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l dedupe-photos -d 'Of gallery photos that are near-duplicates of each other keep only the most similar'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "build" -d 'Make a new gallery from geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "add" -d 'Add photos to a gallery; photos that are there already are passed over, so an interrupted run can go on'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "remove" -d 'Remove photos by id'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "info" -d 'Say what a gallery holds'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "verify" -d 'Check a gallery; every problem is named'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "export" -d 'Write the gallery\'s photo table (photos.csv) and its vectors (CHANNEL.npy) into a directory'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l photos -d 'Folder of photos, or a .tar file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l table -d 'Photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`) [default: the photos\' own GPS tags]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l where -d 'Only rows of the table where a column has a value, such as split=gallery; several are joined by commas' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l report -d 'Write photos a second, and the shares of reading, decoding and encoding, to this file (JSON)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l name -d 'Name of the gallery [default: the directory\'s name]' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l photos -d 'Folder of photos, or a .tar file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l table -d 'Photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`) [default: the photos\' own GPS tags]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l where -d 'Only rows of the table where a column has a value, such as split=gallery; several are joined by commas' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l report -d 'Write photos a second, and the shares of reading, decoding and encoding, to this file (JSON)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -l json -d 'As JSON'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -l repair -d 'Write the derived files anew if they are stale or damaged'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s o -l out -d 'Directory for the files' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "build" -d 'Make a new gallery from geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add photos to a gallery; photos that are there already are passed over, so an interrupted run can go on'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove photos by id'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "info" -d 'Say what a gallery holds'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check a gallery; every problem is named'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write the gallery\'s photo table (photos.csv) and its vectors (CHANNEL.npy) into a directory'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l api -d 'Base address of a chat API in OpenAI\'s manner; mostly it ends in /v1' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l model -d 'Name of the model, as the server knows it' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l api-key-env -d 'Name of the environment variable that holds the key; without it no key is sent' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l temperature -d 'Sampling temperature' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-tokens -d 'Most tokens of an answer' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l detail -d 'How closely the model looks; none sends no picture at all' -r -f -a "none\t'No picture'
low\t'A small version at a fixed price'
high\t'In tiles, at a price by size'
auto\t'As the server thinks best'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-side -d 'Longest side of the picture that is sent, in pixels' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l structured -d 'Ask the server to keep to a JSON schema: auto does unless it refuses (and never under the official protocol)' -r -f -a "auto\t'Unless the server refuses'
on\t'Always'
off\t'Never'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l seed -d 'Seed of the sampling, where the server knows such a thing; 0 for a model on this machine' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l requests-per-minute -d 'Most requests a minute, evenly spaced' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l timeout -d 'Longest wait for a response, in seconds' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l retries -d 'How often a failed request is sent again' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l retry-delay -d 'Wait before the first of these, in seconds; it doubles each time' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l local -d 'Instead of a server: directory of a vision-language model (config.json, tokenizer.json, *.safetensors)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l weights -d 'With --local: how the weights are held in memory, as stored or quantised to 8 or 4 bits' -r -f -a "stored\t'In the number format of the computation'
q8\t'8 bits per weight'
q4\t'4 bits per weight'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l weights-cache -d 'With --local: keep quantised weights in this directory; only the first opening of a model then takes minutes' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l dtype -d 'With --local: number format of the computation' -r -f -a "f32\t'32 bits'
bf16\t'16 bits with the range of 32'
f16\t'16 bits with a small range'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l top-k -d 'With --local: only this many of the likeliest tokens are chosen from; 0: all' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l top-p -d 'With --local: only the likeliest tokens that together have this probability are chosen from' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l min-pixels -d 'With --local: smallest photo that the model sees; smaller ones are scaled up [default: as the model says]' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-pixels -d 'With --local: largest photo that the model sees; larger ones are scaled down. 784 pixels are a token' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l device -d 'With --local: where the model runs; a GPU needs a program built with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l threads -d 'With --local: threads [default: one a core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l prompt -d 'What is asked: the paper\'s zero-shot prompt, or G3\'s with coordinates of similar and dissimilar photos of the pack\'s gallery' -r -f -a "zero-shot\t'The photo alone'
retrieval\t'With coordinates of similar and dissimilar photos'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l references -d 'How many similar and how many dissimilar photos the retrieval prompt names, each' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s n -l samples -d 'Answers for each photo' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l protocol -d 'Rules for prompts, pixels and reading: ours, or those of the official code to the letter (unreadable answers become 0, 0)' -r -f -a "default\t'Unreadable answers are dropped and counted'
official\t'As the official code, 0, 0 for unreadable answers'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l concurrency -d 'Photos that are asked about at the same time' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l budget -d 'Stop before this run costs more than this, in the currency of the prices' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l price-in -d 'Price of a million tokens of prompts and photos' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l price-out -d 'Price of a million tokens of answers' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l cache -d 'Directory of answers [default: georanker/answers in the user\'s cache directory]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-megapixels -d 'Largest photo that is decoded, in megapixels' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l dry-run -d 'Send nothing; print what a run would ask for and cost as JSON'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -f -a "build" -d 'Make a ranking dataset: for each query photo the photos of a gallery that look like it'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -f -a "stats" -d 'Say and draw what a ranking dataset holds; reads the official GeoRanking files as well'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l gallery -d 'Directory of the gallery that gives the candidates' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l retrieved -d 'Row numbers of --collection for each row of --queries, as FAISS finds them (I.npy), instead of a gallery' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l distances -d 'The similarities that belong to --retrieved (D.npy of an inner-product index)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l collection -d 'Photo table that --retrieved counts in, such as MP16-Pro\'s CSV' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l queries -d 'Photo table of the queries (CSV or Parquet with `IMG_ID`, `LAT`, `LON`), or `same` for the gallery\'s own photos' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l photos -d 'Folder of photos, or a .tar file, for queries that are not in the gallery; without a table all its photos, by their GPS tags' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l query-cache -d 'Keep the vectors of photos that are not in the gallery in this directory, for later runs' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l where -d 'Only rows of the table where a column has a value, such as split=train; several are joined by commas' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l top -d 'Candidates a query' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l exclude -d 'What is no candidate; without `self` the query is the first of its own list, as in the official files' -r -f -a "self\t'The query itself'
near-duplicate\t'Copies of the query, by perceptual hash'
same-author\t'Photos by the query\'s author'
none\t'Nothing'"
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l near-duplicate-bits -d 'Photos whose perceptual hashes differ in at most this many of 64 bits are near-duplicates' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l min-distance-m -d 'No candidates closer to the query than this, metres' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l per-cell -d 'At most this many candidates in one cell of the map [default: no limit]' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l cell-km -d 'Width and height of a cell, km' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l min-far -d 'At least this many candidates 750 km or more from the query' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l at-least -d 'Leave out queries with fewer candidates' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l deepest -d 'How many similar photos to look at when the rules leave too few' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l sample -d 'Only this part of the queries, 0 to 1, chosen by --seed' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l seed -d 'Chooses the sample: the same seed, the same queries' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l official-columns -d 'Only the five columns of the official files, without `ref_origin`, `ref_similarity` and author'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l resume -d 'Go on with a run that was interrupted'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l force -d 'Replace a dataset, or an unfinished run, that is there'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s o -l out -d 'Directory for distances.svg, positions.svg, map.svg and stats.json' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -l json -d 'As JSON instead of a table'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from help" -f -a "build" -d 'Make a ranking dataset: for each query photo the photos of a gallery that look like it'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from help" -f -a "stats" -d 'Say and draw what a ranking dataset holds; reads the official GeoRanking files as well'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand score" -l model -d 'Directory of the vision-language model (config.json, tokenizer.json, *.safetensors)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l adapter -d 'Directory of a LoRA adapter with a value head (adapter_config.json, adapter_model.safetensors)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l pairs -d 'The pairs file: queries and their candidates, JSON lines' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l benchmark -d 'An official candidate file (im2gps3k.csv, yfcc4k.csv) instead of a pairs file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l photos -d 'The benchmark\'s photos: a folder or an uncompressed .tar' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l candidate-photos -d 'The collection\'s photos (mp-16-images.tar): a folder or an uncompressed .tar' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l retrieved -d 'Candidates from the benchmark\'s retrieved lists' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l generated -d 'Candidates from the benchmark\'s generated lists' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l predictions -d 'Also write the best candidates\' coordinates to this file, for `evaluate --predictions`; needs --out' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -s o -l out -d 'Write to this file instead of stdout; one that exists with content is kept as FILE.previous' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l protocol -d 'Rules for texts and pixels: ours, or those of the official code to the letter' -r -f -a "default\t'Photos upright, transparency on white, an empty place is not printed'
official\t'As the official code: EXIF orientation ignored, transparency dropped, an empty place leaves its comma and space'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l reencode -d 'Which photos go through JPEG (quality 75) first, as they did in the official evaluation' -r -f -a "none\t'No photo'
candidates\t'Candidates\' photos'
all\t'All photos'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l dtype -d 'Number format of the computation' -r -f -a "f32\t'32 bits'
bf16\t'16 bits with the range of 32'
f16\t'16 bits with a small range'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l weights -d 'How the weights are held in memory: as stored, or quantised to 8 or 4 bits' -r -f -a "stored\t'In the number format of the computation'
q8\t'8 bits per weight'
q4\t'4 bits per weight'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l weights-cache -d 'Keep quantised weights in this directory: only the first opening of a model then takes minutes' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l min-pixels -d 'Smallest photo that the model sees; smaller ones are scaled up [default: as the model says]' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l max-pixels -d 'Largest photo that the model sees; larger ones are scaled down [default: as the model says]' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l vision-cache -d 'Keep what the model makes of photos in this directory, for later runs' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l vision-memory -d 'Memory for what the model makes of photos, in MB; 0 keeps nothing' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l device -d 'Where the model runs; a GPU needs a program built with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l threads -d 'Threads [default: one a core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l resume -d 'Go on with an --out file that an earlier run left'
complete -c georanker -n "__fish_georanker_using_subcommand score" -l merge-adapter -d 'Add the adapter to the weights when loading: a little faster, not bit-equal, and these weights then take memory of their own'
complete -c georanker -n "__fish_georanker_using_subcommand score" -l naive -d 'Score each candidate\'s prompt alone, sharing nothing: slower, for comparison'
complete -c georanker -n "__fish_georanker_using_subcommand score" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand score" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand score" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -f -a "set" -d 'Train the set ranker: attention over the candidates of a photo'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -f -a "vlm" -d 'Train the vision-language ranker: low-rank adapters on Qwen2-VL'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -l config -d 'The configuration' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -l resume -d 'Go on with the run in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -l threads -d 'Threads [default: one a core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -l config -d 'The configuration' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -l resume -d 'Go on with the run in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -l threads -d 'Threads [default: one a core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from help" -f -a "set" -d 'Train the set ranker: attention over the candidates of a photo'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from help" -f -a "vlm" -d 'Train the vision-language ranker: low-rank adapters on Qwen2-VL'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l predictions -d 'Predictions (CSV: `IMG_ID`, `LAT_pred`, `LON_pred`); give it again to compare methods with the first' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l truth -d 'True locations: a photo table (CSV or Parquet: `IMG_ID`, `LAT`, `LON`)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l by -d 'Break the accuracy down by these columns of the truth' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l where -d 'Only rows of the truth that fit, such as split=test,owner!=Somebody' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l bootstrap -d 'Resamples behind the 95 % intervals; 0 leaves them out' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l seed -d 'Seed of the resampling' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s f -l format -d 'Output format' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l calibration -d 'Judge the stated confidence, too'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l repo -d 'Take a part from another repository of the hub; may be given several times' -r
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l into -d 'Put the pack into a directory of its name in DIR' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l offline -d 'Ask nobody, make the pack of what the cache holds (as HF_HUB_OFFLINE=1)'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l list -d 'Describe the packs that can be pulled and stop'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l json -d 'Describe the result as JSON'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand packs" -l verify -d 'Read every file and compare its checksum; without it, presence and lengths are looked at'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -l json -d 'JSON instead of a table'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand completions" -s q -l quiet -d 'No progress and no notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand completions" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand completions" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "locate" -d 'Say where photos were taken'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "gallery" -d 'Build and keep a gallery of geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "generate" -d 'Ask a vision-language model where photos were taken; sends them to the address you name'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "curate" -d 'Make and describe datasets for training rankers'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "score" -d 'Score the candidates of photos with a vision-language model'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "train" -d 'Train a ranker'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "evaluate" -d 'Measure the accuracy of predictions'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "pull" -d 'Fetch published weights and describe them as a pack'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "packs" -d 'List the packs of this machine, and check them'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train evaluate pull packs completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "build" -d 'Make a new gallery from geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "add" -d 'Add photos to a gallery; photos that are there already are passed over, so an interrupted run can go on'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "remove" -d 'Remove photos by id'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "info" -d 'Say what a gallery holds'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "verify" -d 'Check a gallery; every problem is named'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "export" -d 'Write the gallery\'s photo table (photos.csv) and its vectors (CHANNEL.npy) into a directory'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from curate" -f -a "build" -d 'Make a ranking dataset: for each query photo the photos of a gallery that look like it'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from curate" -f -a "stats" -d 'Say and draw what a ranking dataset holds; reads the official GeoRanking files as well'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from train" -f -a "set" -d 'Train the set ranker: attention over the candidates of a photo'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from train" -f -a "vlm" -d 'Train the vision-language ranker: low-rank adapters on Qwen2-VL'
