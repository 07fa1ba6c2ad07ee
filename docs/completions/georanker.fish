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

complete -c georanker -n "__fish_georanker_needs_command" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_needs_command" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_needs_command" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "locate" -d 'Find where photos were taken'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "gallery" -d 'Build and maintain a gallery of geotagged photos'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "generate" -d 'Ask a vision-language model where photos were taken; photos are sent to the address you give'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "curate" -d 'Make and describe datasets for training rankers'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "score" -d 'Score the candidates of photos with a vision-language model'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "train" -d 'Train a ranker'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "pack" -d 'Build model packs'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "evaluate" -d 'Measure the accuracy of predictions'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "pull" -d 'Download published weights and make a pack of them'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "packs" -d 'List and check the packs on this machine'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "doctor" -d 'Check what is found on this machine, what is missing, and how fast it is'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c georanker -n "__fish_georanker_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l gallery -d 'Search this gallery instead of the pack\'s own' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s f -l format -d 'Output format' -r -f -a "table\t''
json\t''
jsonl\t''
geojson\t''
kml\t''
gpx\t''
csv\t''
html\t''"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l map -d 'Also write an HTML map to this file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l ids -d 'Name photos in a CSV by their paths below the given directory, or by their file names' -r -f -a "path\t'Path below the given directory'
name\t'File name'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l top -d 'Show this many candidates per photo' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l distinct -d 'Hide candidates within this distance of a better one; 0 shows all' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l region -d 'Restrict answers to a region: countries or states by name or code (AU,NZ or US-CA), south,west,north,east in degrees, or lat,lon,radius in km' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l precision -d 'Coarsen locations in the output to about this many km, or to the country' -r -f -a "exact\t''
1\t''
25\t''
200\t''
country\t''"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l decide -d 'Choose the answer by this rule: argmax, geoscore, or threshold:KM [default: the pack\'s rule]' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l album -d 'Let photos of one folder that were taken within this many minutes of each other make each other\'s places likelier' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l exclude -d 'Exclude gallery photos that would give the answer away' -r -f -a "same-author\t'Photos by `--author`'
near-duplicate\t'Near-duplicates of the photo itself'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l max-megapixels -d 'Reject photos above this size' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l threads -d 'Number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l fuse -d 'Search by the weighted sum of these channels\' similarities, for example g3-image=1,g3-text=0.5' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l dedupe -d 'Drop candidates within this distance of a more similar one; the next ones take their places' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l coordinates -d 'Search these coordinates (CSV with LAT, LON) in the location channel instead of the pack\'s' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l more-coordinates -d 'Search these coordinates (CSV with LAT, LON) in addition to the pack\'s' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l query-cache -d 'Cache photo vectors in this directory, so that no photo is encoded twice' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l author -d 'Name the author of the photos; required by `--exclude same-author`' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate -d 'Also ask a vision-language model for candidates; photos are sent to this OpenAI-compatible chat API' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-model -d 'Name of that model on the server' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-api-key-env -d 'Read the API key from this environment variable [default: no key is sent]' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-samples -d 'Ask the model this many times per photo' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-detail -d 'Image detail to request from the model; none sends no image' -r -f -a "none\t'Send no image'
low\t'Small image at a fixed price'
high\t'Tiled image; the price depends on its size'
auto\t'Let the server choose'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-prompt -d 'Prompt: the paper\'s zero-shot prompt, or G3\'s with coordinates of similar and dissimilar gallery photos' -r -f -a "zero-shot\t'Send the photo alone'
retrieval\t'Add coordinates of similar and dissimilar photos'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l hint -d 'Tell the model what you know about the photos, such as "a trip to Chile in 2019"; at most 500 characters' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-temperature -d 'Sampling temperature' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-requests-per-minute -d 'Maximum requests per minute, evenly spaced' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-budget -d 'Stop asking before the run costs more than this, in the currency of the prices; remaining photos are located by the gallery alone' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-price-in -d 'Price per million input tokens (prompts and photos)' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-price-out -d 'Price per million output tokens (answers)' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generate-cache -d 'Cache answers in this directory [default: GEORANKER_CACHE/answers, or georanker/answers in the user\'s cache directory]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l generated -d 'Read generated candidates from a file written by `georanker generate`' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l merge-within-m -d 'Merge a generated candidate with another candidate within this distance' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge -d 'Rerank the best candidates with the vision-language model in this directory (as `score --model`): one prompt per candidate, minutes per photo' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-adapter -d 'Adapter of that model, as saved by `train vlm` or PEFT' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-retrieved -d 'Rerank this many retrieved candidates, the best of the pack\'s ranker' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-generated -d 'Rerank this many candidates that were only generated' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-dtype -d 'Number format of the computation' -r -f -a "f32\t'32 bits'
bf16\t'16 bits with the range of 32'
f16\t'16 bits with a small range'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-max-pixels -d 'Scale photos down to at most this many pixels, which saves most of the time [default: the model\'s limit]' -r
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-weights -d 'Hold the weights as stored, or quantised to 8 or 4 bits' -r -f -a "stored\t'Number format of the computation'
q8\t'8 bits per weight'
q4\t'4 bits per weight'"
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-weights-cache -d 'Cache quantised weights in this directory, so that only the first start takes minutes' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l judge-vision-cache -d 'Cache the vision features of gallery photos in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l together -d 'Locate all photos together, as photos of one place; each gets the same answer'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l exif-only -d 'Answer only from the location that each file states (EXIF, XMP, sidecars); no model runs'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l allow-truncated -d 'Use photos whose files end too early, as far as they go; the output says what is missing'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l sidecars -d 'Also read the locations that Google Takeout\'s JSON files beside the photos state'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -l dedupe-photos -d 'Keep only the most similar of near-duplicate gallery photos'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand locate" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "build" -d 'Make a new gallery from geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "add" -d 'Add photos to a gallery; photos that it already holds are skipped, so an interrupted run can be repeated'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "remove" -d 'Remove photos by id'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "info" -d 'Show what a gallery holds'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "verify" -d 'Check a gallery and report every problem'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "export" -d 'Write the photo table (photos.csv) and the vectors (CHANNEL.npy) of a gallery into a directory'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and not __fish_seen_subcommand_from build add remove info verify export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l photos -d 'Read photos from this folder or .tar file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l table -d 'Read locations from this photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`) [default: the photos\' GPS tags]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l where -d 'Use only table rows with these column values, for example split=gallery' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l outcomes -d 'Write what became of each photo to this file: a CSV of `IMG_ID`, outcome and reason' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l report -d 'Write a JSON report: photos per second, and time spent reading, decoding and encoding' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l name -d 'Name the gallery [default: the directory\'s name]' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l threads -d 'Number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l skip-bad-rows -d 'Leave out rows of the table that are wrong; each is named'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l allow-truncated -d 'Use photos whose files end too early, as far as they go; each is named'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l sidecars -d 'Also read locations from the JSON files that Google Takeout puts beside photos'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l update -d 'Replace photos whose place or file has changed; without it they are named and left as they are'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from build" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l photos -d 'Read photos from this folder or .tar file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l table -d 'Read locations from this photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`) [default: the photos\' GPS tags]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l where -d 'Use only table rows with these column values, for example split=gallery' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l outcomes -d 'Write what became of each photo to this file: a CSV of `IMG_ID`, outcome and reason' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l report -d 'Write a JSON report: photos per second, and time spent reading, decoding and encoding' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l threads -d 'Number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l skip-bad-rows -d 'Leave out rows of the table that are wrong; each is named'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l allow-truncated -d 'Use photos whose files end too early, as far as they go; each is named'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l sidecars -d 'Also read locations from the JSON files that Google Takeout puts beside photos'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l update -d 'Replace photos whose place or file has changed; without it they are named and left as they are'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -l json -d 'Print JSON instead of text'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from info" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -l repair -d 'Rebuild derived files that are stale or damaged'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s o -l out -d 'Write the files into this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "build" -d 'Make a new gallery from geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add photos to a gallery; photos that it already holds are skipped, so an interrupted run can be repeated'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove photos by id'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "info" -d 'Show what a gallery holds'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check a gallery and report every problem'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write the photo table (photos.csv) and the vectors (CHANNEL.npy) of a gallery into a directory'
complete -c georanker -n "__fish_georanker_using_subcommand gallery; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l api -d 'Base URL of an OpenAI-compatible chat API; usually it ends in /v1' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l model -d 'Name of the model on the server' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l api-key-env -d 'Read the API key from this environment variable [default: no key is sent]' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l temperature -d 'Sampling temperature' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-tokens -d 'Maximum number of tokens per answer' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l detail -d 'Image detail to request from the model; none sends no image' -r -f -a "none\t'Send no image'
low\t'Small image at a fixed price'
high\t'Tiled image; the price depends on its size'
auto\t'Let the server choose'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-side -d 'Longest side of the image that is sent' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l structured -d 'Require answers in a JSON schema; auto does unless the server refuses it or the protocol is official' -r -f -a "auto\t'Use a schema unless the server refuses it'
on\t'Always use a schema'
off\t'Never use a schema'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l seed -d 'Sampling seed, if the server supports one; 0 for a local model' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l requests-per-minute -d 'Maximum requests per minute, evenly spaced' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l timeout -d 'Time limit per response' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l retries -d 'Retry a failed request this many times' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l retry-delay -d 'Wait before the first retry; it doubles each time' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l local -d 'Run the vision-language model in this directory (config.json, tokenizer.json, *.safetensors) instead of asking a server' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l weights -d 'With --local: hold the weights as stored, or quantised to 8 or 4 bits' -r -f -a "stored\t'Number format of the computation'
q8\t'8 bits per weight'
q4\t'4 bits per weight'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l weights-cache -d 'With --local: cache quantised weights in this directory, so that only the first start takes minutes' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l dtype -d 'With --local: number format of the computation' -r -f -a "f32\t'32 bits'
bf16\t'16 bits with the range of 32'
f16\t'16 bits with a small range'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l top-k -d 'With --local: sample from the K likeliest tokens only (top-k); 0: all' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l top-p -d 'With --local: sample from the likeliest tokens up to this total probability (top-p)' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l min-pixels -d 'With --local: scale photos up to at least this many pixels [default: the model\'s limit]' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-pixels -d 'With --local: scale photos down to at most this many pixels (784 pixels per token)' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l device -d 'With --local: device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l threads -d 'With --local: number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l prompt -d 'Prompt: the paper\'s zero-shot prompt, or G3\'s with coordinates of similar and dissimilar gallery photos' -r -f -a "zero-shot\t'Send the photo alone'
retrieval\t'Add coordinates of similar and dissimilar photos'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l references -d 'Number of similar, and of dissimilar, photos in the retrieval prompt' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l hint -d 'Tell the model what you know about the photos, such as "a trip to Chile in 2019"; at most 500 characters' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s n -l samples -d 'Answers per photo' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l protocol -d 'Rules for prompts, pixels and reading: ours, or exactly those of the official code (unreadable answers become 0, 0)' -r -f -a "default\t'Drop and count unreadable answers'
official\t'Read answers as the official code does: 0, 0 if unreadable'"
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l concurrency -d 'Send requests for this many photos at a time' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l budget -d 'Stop before the run costs more than this, in the currency of the prices' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l price-in -d 'Price per million input tokens (prompts and photos)' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l price-out -d 'Price per million output tokens (answers)' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l cache -d 'Cache answers in this directory [default: GEORANKER_CACHE/answers, or georanker/answers in the user\'s cache directory]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l max-megapixels -d 'Reject photos above this size' -r
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -l dry-run -d 'Send nothing; print what a run would ask and cost, as JSON'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand generate" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -f -a "build" -d 'Build a ranking dataset: for each query photo, the gallery photos most similar to it'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -f -a "stats" -d 'Describe and plot a ranking dataset; also reads the official GeoRanking files'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and not __fish_seen_subcommand_from build stats help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l gallery -d 'Take candidates from the gallery in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l retrieved -d 'Read candidates from a FAISS result (I.npy: rows of --collection per row of --queries) instead of a gallery' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l distances -d 'Read the similarities of --retrieved from this file (D.npy of an inner-product index)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l collection -d 'Photo table whose rows --retrieved numbers, for example MP16-Pro\'s CSV' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l queries -d 'Read queries from this photo table (CSV or Parquet with `IMG_ID`, `LAT`, `LON`); `same`: the gallery\'s own photos' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l photos -d 'Read query photos that are not in the gallery from this folder or .tar file; without a table, use all its photos by their GPS tags' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l query-cache -d 'Cache the vectors of photos that are not in the gallery in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l where -d 'Use only table rows with these column values, for example split=train' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l top -d 'Candidates per query' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l exclude -d 'Exclude these candidates; without `self` the query is first in its own list, as in the official files' -r -f -a "self\t'The query itself'
near-duplicate\t'Copies of the query, by perceptual hash'
same-author\t'Photos by the query\'s author'
none\t'Nothing'"
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l near-duplicate-bits -d 'Treat photos as near-duplicates if their perceptual hashes differ in at most this many of 64 bits' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l min-distance-m -d 'Exclude candidates closer to the query than this' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l per-cell -d 'Keep at most this many candidates per map cell [default: no limit]' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l cell-km -d 'Width and height of a map cell' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l min-far -d 'Require this many candidates 750 km or more from the query' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l at-least -d 'Skip queries with fewer candidates than this' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l deepest -d 'Search up to this many similar photos if the rules leave too few' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l sample -d 'Use a random sample of the queries (0 to 1)' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l seed -d 'Seed of the sample' -r
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l official-columns -d 'Write only the five columns of the official files, without `ref_origin`, `ref_similarity` and author'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l resume -d 'Resume an interrupted run'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -l force -d 'Replace an existing dataset or unfinished run'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from build" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s o -l out -d 'Write distances.svg, positions.svg, map.svg and stats.json into this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -l json -d 'Print JSON instead of a table'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from stats" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from help" -f -a "build" -d 'Build a ranking dataset: for each query photo, the gallery photos most similar to it'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from help" -f -a "stats" -d 'Describe and plot a ranking dataset; also reads the official GeoRanking files'
complete -c georanker -n "__fish_georanker_using_subcommand curate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand score" -l model -d 'Directory of the vision-language model (config.json, tokenizer.json, *.safetensors)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l adapter -d 'Directory of a LoRA adapter with a value head (adapter_config.json, adapter_model.safetensors)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l pairs -d 'Read queries and their candidates from this file (JSON lines); - is stdin, with photos from the working directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l benchmark -d 'Score an official candidate file (im2gps3k.csv, yfcc4k.csv) instead of a pairs file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l photos -d 'Read the benchmark\'s photos from this folder or uncompressed .tar file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l candidate-photos -d 'Read the collection\'s photos (mp-16-images.tar) from this folder or uncompressed .tar file' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l retrieved -d 'Score this many retrieved candidates per query' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l generated -d 'Score this many generated candidates per query' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l predictions -d 'Also write the best candidates\' coordinates, for `evaluate --predictions`; requires --out' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -s o -l out -d 'Write to this file instead of stdout; an existing file is kept as FILE.previous' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l protocol -d 'Rules for texts and pixels: ours, or exactly those of the official code' -r -f -a "default\t'Photos upright, transparency on white, an empty place is not printed'
official\t'As the official code: EXIF orientation ignored, transparency dropped, an empty place leaves its comma and space'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l reencode -d 'Recompress these photos as JPEG (quality 75) first, as in the official evaluation' -r -f -a "none\t'No photo'
candidates\t'Candidates\' photos'
all\t'All photos'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l dtype -d 'Number format of the computation' -r -f -a "f32\t'32 bits'
bf16\t'16 bits with the range of 32'
f16\t'16 bits with a small range'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l weights -d 'Hold the weights as stored, or quantised to 8 or 4 bits' -r -f -a "stored\t'Number format of the computation'
q8\t'8 bits per weight'
q4\t'4 bits per weight'"
complete -c georanker -n "__fish_georanker_using_subcommand score" -l weights-cache -d 'Cache quantised weights in this directory, so that only the first start takes minutes' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l min-pixels -d 'Scale photos up to at least this many pixels [default: the model\'s limit]' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l max-pixels -d 'Scale photos down to at most this many pixels [default: the model\'s limit]' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l vision-cache -d 'Cache vision features in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand score" -l vision-memory -d 'Memory for cached vision features; 0 turns the cache off' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l threads -d 'Number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand score" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand score" -l resume -d 'Continue the --out file of an interrupted run'
complete -c georanker -n "__fish_georanker_using_subcommand score" -l merge-adapter -d 'Merge the adapter into the weights when loading: slightly faster and not bit-equal, with extra memory for the merged weights'
complete -c georanker -n "__fish_georanker_using_subcommand score" -l naive -d 'Score each candidate\'s prompt separately, without sharing work: slower, for comparison'
complete -c georanker -n "__fish_georanker_using_subcommand score" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand score" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand score" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -f -a "set" -d 'Train the set ranker: attention over the candidates of a photo'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -f -a "vlm" -d 'Train the vision-language ranker: low-rank adapters on Qwen2-VL'
complete -c georanker -n "__fish_georanker_using_subcommand train; and not __fish_seen_subcommand_from set vlm help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -l config -d 'Configuration file (TOML)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -l resume -d 'Continue the run in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -l device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -l threads -d 'Number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -l config -d 'Configuration file (TOML)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -l resume -d 'Continue the run in this directory' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -l device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -l threads -d 'Number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from vlm" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from help" -f -a "set" -d 'Train the set ranker: attention over the candidates of a photo'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from help" -f -a "vlm" -d 'Train the vision-language ranker: low-rank adapters on Qwen2-VL'
complete -c georanker -n "__fish_georanker_using_subcommand train; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and not __fish_seen_subcommand_from build help" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and not __fish_seen_subcommand_from build help" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and not __fish_seen_subcommand_from build help" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and not __fish_seen_subcommand_from build help" -f -a "build" -d 'Build a model pack from a photo collection and an encoder'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and not __fish_seen_subcommand_from build help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -l config -d 'Configuration file (TOML)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -l only -d 'Run this step alone; those before it must have been made' -r
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -l shard -d 'Make only this share of the features, for example 2/8 on the second of eight machines; copy the work directories together afterwards' -r
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -l device -d 'Device to run on: cpu, or cuda in a build with `--features cuda`' -r
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -l threads -d 'Number of threads [default: one per core]' -r
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -l plan -d 'Print the steps, what has been made, and what the rest will take, and do nothing'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from build" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from help" -f -a "build" -d 'Build a model pack from a photo collection and an encoder'
complete -c georanker -n "__fish_georanker_using_subcommand pack; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l predictions -d 'Read predictions from this CSV (`IMG_ID`, `LAT_pred`, `LON_pred`); repeat to compare methods with the first' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l truth -d 'Read true locations from this photo table (CSV or Parquet: `IMG_ID`, `LAT`, `LON`)' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l by -d 'Break the accuracy down by these columns of the truth' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l where -d 'Use only rows of the truth that match, for example split=test,owner!=Somebody' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l gallery -d 'Break the accuracy down by the distance to the nearest photo of this gallery or photo table' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l gallery-where -d 'Use only rows of the `--gallery` table that match, for example split=gallery' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l exclude -d 'Leave out gallery photos by the author of the query (column `author` of the truth)' -r -f -a "same-author\t'Photos by the author of the query'"
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l bootstrap -d 'Number of bootstrap resamples for the 95 % intervals; 0 omits the intervals' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l seed -d 'Seed of the bootstrap' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s f -l format -d 'Output format' -r
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l calibration -d 'Also measure how well confidence is calibrated, how well it ranks, and what abstaining brings'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l countries -d 'Also report by continent, with every country alike, and the true and predicted share of each country'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l skip-bad-rows -d 'Leave out rows of the files that are wrong; each is named'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -l force -d 'Replace files that georanker did not write or that were changed since'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand evaluate" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l repo -d 'Download a part from another repository of the hub; may be repeated' -r
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l wheel -d 'Take the part that this wheel of the Python package index holds from it (geoclip 1.3.0), not from GitHub' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l into -d 'Create the pack\'s directory in DIR' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l offline -d 'Work offline, using cached files only (as HF_HUB_OFFLINE=1)'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l list -d 'List the packs that can be downloaded, then exit'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -l json -d 'Print the result as JSON'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand pull" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand packs" -l verify -d 'Read every file and verify its checksum; otherwise only presence and lengths are checked'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -l json -d 'Print JSON instead of a table'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c georanker -n "__fish_georanker_using_subcommand packs" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand doctor" -l pack -d 'Model pack directory [default: beside the binary, then ./packs/starter]' -r -F
complete -c georanker -n "__fish_georanker_using_subcommand doctor" -l gallery -d 'Look at this gallery instead of the pack\'s own' -r -f -a "(__fish_complete_directories)"
complete -c georanker -n "__fish_georanker_using_subcommand doctor" -l json -d 'Print JSON instead of text'
complete -c georanker -n "__fish_georanker_using_subcommand doctor" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand completions" -s q -l quiet -d 'Hide progress and notes on stderr; errors are still shown'
complete -c georanker -n "__fish_georanker_using_subcommand completions" -s h -l help -d 'Print help'
complete -c georanker -n "__fish_georanker_using_subcommand completions" -s V -l version -d 'Print version'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "locate" -d 'Find where photos were taken'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "gallery" -d 'Build and maintain a gallery of geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "generate" -d 'Ask a vision-language model where photos were taken; photos are sent to the address you give'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "curate" -d 'Make and describe datasets for training rankers'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "score" -d 'Score the candidates of photos with a vision-language model'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "train" -d 'Train a ranker'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "pack" -d 'Build model packs'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "evaluate" -d 'Measure the accuracy of predictions'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "pull" -d 'Download published weights and make a pack of them'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "packs" -d 'List and check the packs on this machine'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "doctor" -d 'Check what is found on this machine, what is missing, and how fast it is'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c georanker -n "__fish_georanker_using_subcommand help; and not __fish_seen_subcommand_from locate gallery generate curate score train pack evaluate pull packs doctor completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "build" -d 'Make a new gallery from geotagged photos'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "add" -d 'Add photos to a gallery; photos that it already holds are skipped, so an interrupted run can be repeated'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "remove" -d 'Remove photos by id'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "info" -d 'Show what a gallery holds'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "verify" -d 'Check a gallery and report every problem'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from gallery" -f -a "export" -d 'Write the photo table (photos.csv) and the vectors (CHANNEL.npy) of a gallery into a directory'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from curate" -f -a "build" -d 'Build a ranking dataset: for each query photo, the gallery photos most similar to it'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from curate" -f -a "stats" -d 'Describe and plot a ranking dataset; also reads the official GeoRanking files'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from train" -f -a "set" -d 'Train the set ranker: attention over the candidates of a photo'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from train" -f -a "vlm" -d 'Train the vision-language ranker: low-rank adapters on Qwen2-VL'
complete -c georanker -n "__fish_georanker_using_subcommand help; and __fish_seen_subcommand_from pack" -f -a "build" -d 'Build a model pack from a photo collection and an encoder'
